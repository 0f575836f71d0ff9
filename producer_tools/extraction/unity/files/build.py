"""One build: the files that were named together, found by the names with which Unity's files point at each other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path, PurePosixPath

from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.unity.files.signatures import BUNDLE_MAGICS
from producer_tools.extraction.unity.files.sources import Source, file_source, folder_sources


class Build:
    """An index of names, in no case: those of files, and those of the files inside bundles (`CAB-…`)."""

    def __init__(
        self,
        sources: Iterable[Source],
        limits: ReadLimits,
        names_inside: Callable[[Source], Sequence[str]] | None = None,
        opened: Collection[Source] | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            sources: the files of the build, beyond which no name leads.
            limits: how many of them are looked at.
            names_inside: gives the names inside a bundle; without it bundles are known by their own names alone.
            opened: those of the files that may be opened without being asked for by their own names, all if None.

        """
        self._sources = list(sources)[: limits.max_members]
        self._names_inside = names_inside
        allowed = None if opened is None else {id(source) for source in opened}
        self.opened = [source for source in self._sources if allowed is None or id(source) in allowed]
        self._by_name = _by_name((source.name, source) for source in self._sources)
        self._by_name_inside: dict[str, list[Source]] | None = None

    def find(self, name: str, near: str) -> Source | None:
        """Return the file that has this name, or has a file of this name inside.

        Of several the nearest to the place ``near`` is meant: two builds may lie in one folder.
        """
        key = name.casefold()
        found = self._by_name.get(key) or self._inside().get(key)
        return min(found, key=lambda source: (-_shared(source.place, near), source.place)) if found else None

    def at(self, place: str) -> Source | None:
        """Return the file at this place."""
        return next((source for source in self._by_name.get(_name_of(place), ()) if source.place == place), None)

    def _inside(self) -> dict[str, list[Source]]:
        if self._by_name_inside is None:
            names = self._names_inside
            bundles = [source for source in self.opened if _is_bundle(source)] if names else []
            self._by_name_inside = _by_name(
                (PurePosixPath(name).name, source) for source in bundles for name in (names(source) if names else ())
            )
        return self._by_name_inside


class Builds:
    """The builds that a person named: each folder is one, and so are all files by themselves, with their neighbours."""

    def __init__(
        self, named: Sequence[Path], limits: ReadLimits, names_inside: Callable[[Source], Sequence[str]]
    ) -> None:
        self._folders = [path for path in named if path.is_dir()]
        self._files = [path for path in named if path.is_file()]
        self._limits = limits
        self._names_inside = names_inside
        self._kept: dict[Path, Build] = {}

    def around(self, path: Path) -> tuple[Build, str]:
        """Return the build to which a file belongs, and its place there."""
        folder = next((folder for folder in self._folders if path.is_relative_to(folder)), None)
        root = folder or path.parent
        if root not in self._kept:
            self._kept[root] = self._build_of(folder) if folder else self._build_of_files(path.parent)
        return self._kept[root], path.relative_to(root).as_posix()

    def _build_of(self, folder: Path) -> Build:
        return Build(folder_sources(folder), self._limits, self._names_inside)

    def _build_of_files(self, folder: Path) -> Build:
        named = [file_source(path, path.name) for path in self._files]
        places = {source.place for source in named}
        beside = [source for source in folder_sources(folder, deep=False) if source.place not in places]
        return Build([*named, *beside], self._limits, self._names_inside, opened=named)


def _name_of(place: str) -> str:
    return PurePosixPath(place).name.casefold()


def _by_name(named: Iterable[tuple[str, Source]]) -> dict[str, list[Source]]:
    found: dict[str, list[Source]] = {}
    for name, source in named:
        found.setdefault(name.casefold(), []).append(source)
    return found


def _is_bundle(source: Source) -> bool:
    try:
        return source.head().startswith(BUNDLE_MAGICS)
    except Exception:  # noqa: BLE001 - what cannot be opened is no help, and told of where it is asked for itself
        return False


def _shared(place: str, near: str) -> int:
    """Return how many folders two places have in common."""
    count = 0
    for one, other in zip(PurePosixPath(place).parts, PurePosixPath(near).parts, strict=False):
        if one != other:
            break
        count += 1
    return count
