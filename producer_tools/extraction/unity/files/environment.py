"""UnityPy within a fence: it opens what lies in one build, and only when a file points there."""

from __future__ import annotations

import ntpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

from UnityPy.environment import Environment
from UnityPy.streams import EndianBinaryReader

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.unity.files.build import Build
from producer_tools.extraction.unity.files.bundle import Directory, parse
from producer_tools.extraction.unity.files.sources import Source


class FencedEnvironment(Environment):
    """The environment of one file.

    UnityPy follows the paths that a file names, absolute ones too: a hostile file could have any file of this machine
    read as a texture. Here a path is a name in the build, and nothing else.
    """

    def __init__(self, build: Build, place: str, limits: ReadLimits) -> None:
        super().__init__(path="")
        self.limits = limits
        self._build = build
        self._place = place
        self._opened: dict[str, Any] = {}

    def open(self, source: Source, stream: Any = None) -> Any:
        """Return a file of the build with what it holds; ``stream`` where its bytes are at hand already."""
        stream = stream or source.open()
        self._opened[source.place] = stream
        file = parse(stream, self, source.name)
        if not hasattr(file, "files") or hasattr(file, "objects"):
            self.register_cab(source.name, file)
        self.files[source.place] = file
        return file

    def place_of(self, file: Any) -> str:
        """Return where in the build the file lies that is, or holds, this one."""
        while file.parent is not self:
            file = file.parent
        return next(str(place) for place, held in self.files.items() if held is file)

    def assets_at(self, place: str, name: str) -> Any:
        """Return an assets file by its place in the build and its own name; raises FileNotFoundError."""
        if place not in self.files:
            source = self._build.at(place)
            if source is None:
                raise FileNotFoundError(f"{place} is not among the files that were named")
            self.open(source)
        for assets in assets_files(self.files[place]):
            if assets.name.casefold() == name:
                return assets
        raise FileNotFoundError(f"{name} is not in {place}")

    def close(self) -> None:
        for stream in self._opened.values():
            stream.close()

    def register_cab(self, name: str, item: Any) -> None:
        """Keep a file under its name; the first of several is that of the file that is read, or nearer to it."""
        self.cabs.setdefault(PurePosixPath(name.replace("\\", "/")).name.lower(), item)

    def find_file(self, name: str, is_dependency: bool = True) -> Any:  # noqa: ARG002 - UnityPy's signature
        """Return a file by the name with which another points at it; raises FileNotFoundError."""
        bare = ntpath.basename(name) or "_"
        found = self.get_cab(bare)
        if found is None:
            source = self._build.find(bare, self._place)
            if source is not None and source.place not in self._opened:
                try:
                    self.open(source)
                except (ArchiveError, OSError) as error:
                    raise FileNotFoundError(f"{source.place} cannot be opened ({error})") from error
                found = self.get_cab(bare)
        if found is None:
            raise FileNotFoundError(f"{bare} is not among the files that were named")
        return found

    def load_file(self, file: Any, *_: Any, **__: Any) -> Any:
        """Refuse what UnityPy would open by itself."""
        raise FileNotFoundError(f"{ntpath.basename(str(file))} is not among the files that were named")

    def resource(self, path: str) -> Any:
        """Return a reader of the file in which textures have their pixels; raises FileNotFoundError."""
        bare = ntpath.basename(path)
        stem = ntpath.splitext(bare)[0]
        for name in (bare, f"{stem}.resource", f"{stem}.assets.resS", f"{stem}.resS"):
            try:
                found = self.find_file(name)
            except FileNotFoundError:
                continue
            if isinstance(found, EndianBinaryReader):
                return found
        raise FileNotFoundError(f"{bare} is not among the files that were named")


@contextmanager
def opened(source: Source, build: Build, limits: ReadLimits, stream: Any = None) -> Iterator[Any]:
    """Yield a Unity file as UnityPy has it; raises what UnityPy does."""
    environment = FencedEnvironment(build, source.place, limits)
    try:
        yield environment.open(source, stream)
    finally:
        environment.close()


def assets_files(file: Any) -> Iterator[Any]:
    """Yield the files with objects that a file is or holds."""
    if hasattr(file, "objects"):
        yield file
        return
    for inner in (getattr(file, "files", None) or {}).values():
        yield from assets_files(inner)


def directory(stream: Any, source: Source, limits: ReadLimits) -> Directory:
    """Return what a bundle holds, of which nothing else is read; raises what UnityPy does."""
    environment = FencedEnvironment(Build([], limits), source.place, limits)
    return Directory(EndianBinaryReader(stream), environment, source.name)


def names_inside(source: Source, limits: ReadLimits) -> tuple[str, ...]:
    """Return the names of the files in a bundle, none where it cannot be read."""
    with source.open() as stream:
        try:
            return directory(stream, source, limits).names
        except Exception:  # noqa: BLE001 - whatever is wrong with it is told when it is extracted itself
            return ()
