"""Unity's files by themselves and in archives, each read as a part of the build to which it belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.textures import Entry, Item, Left
from producer_tools.extraction.unity.archive import WholeBuild, open_unity
from producer_tools.extraction.unity.files.build import Build, Builds
from producer_tools.extraction.unity.files.signatures import is_package
from producer_tools.extraction.unity.files.sources import Source, file_source, source_of_parts
from producer_tools.extraction.unity.options import UnityOptions


class UnityReader:
    """Reads within what a person named, and keeps the index of each build from one file to the next."""

    def __init__(self, named: Sequence[Path] = (), options: UnityOptions | None = None) -> None:
        self._named = named
        self._options = options or UnityOptions()
        self._builds: Builds | None = None
        self._wholes: dict[int, WholeBuild] = {}

    def open(
        self, path: Path, parts: Sequence[Path], limits: ReadLimits, scratch: Path
    ) -> AbstractContextManager[list[Item]]:
        """Open a file on the disk, or the parts that make it up; see :func:`open_unity`."""
        if self._builds is None:
            self._builds = Builds(self._named, limits, partial_names(limits))
        build, place = self._builds.around(path)
        pieces = [file_source(part, part.name) for part in parts]
        source = source_of_parts(pieces, place) if pieces else file_source(path, place)
        whole = self._wholes.setdefault(id(build), WholeBuild(build, limits))
        return open_unity(source, whole, limits, self._options, scratch)

    def read_in_python(self) -> None:
        """Read objects without UnityPy's C code from now on: slower, but what is damaged raises where that crashes."""
        try:
            from UnityPy.helpers import TypeTreeHelper  # noqa: PLC0415 - needed here alone
        except ImportError:
            # Opening a file says what is missing.
            return
        vars(TypeTreeHelper)["read_typetree_boost"] = None

    def packages_beside(self, path: Path) -> list[Path]:
        """Return the packages of Android that were named together with this one: its folder's, or by themselves."""
        if not is_package(path.name):
            return []
        in_folder = any(path.is_relative_to(folder) for folder in self._named if folder.is_dir())
        others = sorted(path.parent.iterdir()) if in_folder else self._named
        return [
            other
            for other in others
            if is_package(other.name) and other != path and other.is_file() and not other.is_symlink()
        ]

    def open_members(
        self, mains: Sequence[Source], sources: Sequence[Source], limits: ReadLimits, scratch: Path
    ) -> Iterator[Item]:
        """Yield what the Unity files ``mains`` of an archive hold; its files ``sources`` are their build.

        Each entry loads until the next is asked for.
        """
        whole = WholeBuild(Build(sources, limits, partial_names(limits)), limits)
        for source in mains:
            try:
                with open_unity(source, whole, limits, self._options, scratch) as items:
                    yield from (_inside(item, source.place) for item in items)
            except ArchiveError as error:
                yield Left(source.place, str(error))


def partial_names(limits: ReadLimits) -> Callable[[Source], Sequence[str]]:
    def names(source: Source) -> Sequence[str]:
        from producer_tools.extraction.unity.files.environment import names_inside  # noqa: PLC0415 - needs UnityPy

        return names_inside(source, limits)

    return names


def _inside(item: Item, place: str) -> Item:
    if isinstance(item, Left):
        return replace(item, what=f"{place}: {item.what}")
    if not isinstance(item, Entry):
        return item
    return replace(item, key=f"{place}/{item.key}", container_path=f"{place}/{item.container_path or item.name}")
