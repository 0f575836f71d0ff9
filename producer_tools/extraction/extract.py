"""Extracting: from paths to PNG files under one folder, each with its asset id."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from consumer.imaging.facts import Origin, TextureFacts
from producer_tools.errors import ArchiveError, InputError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.messages import Found, LeftOut, PassedOver, Setup, png_name
from producer_tools.extraction.names import AssetIds, OutputNames
from producer_tools.extraction.parser import Parsed, ParsedTexture, Parser, ParserLimits
from producer_tools.extraction.readers.known import kind_of_other
from producer_tools.extraction.readers.sniff import Kind
from producer_tools.extraction.scratch import scratch_folder
from producer_tools.extraction.side_by_side import SideBySide, default_processes
from producer_tools.extraction.unity.options import UnityOptions
from producer_tools.extraction.walk import LeftFile, SourceFile, check_inputs, source_files
from producer_tools.project import Root, root_of
from producer_tools.settings import ExtractSettings

_NOTHING_SAID: Final = TextureFacts()
_NO_FILE: Final = Origin()


@dataclass(frozen=True, slots=True)
class ExtractedTexture:
    """A PNG under the output folder; ``file`` is its path relative to that."""

    asset_id: str
    file: PurePosixPath
    size_bytes: int
    sha256: str
    width: int
    height: int
    mode: str
    archive: str | None
    container_path: str | None
    name: str
    source_type: str
    engine: str | None
    facts: TextureFacts = _NOTHING_SAID
    origin: Origin = _NO_FILE
    belongs_to: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was left out and why; ``fatal`` when the user named this file himself."""

    what: str
    reason: str
    fatal: bool = False

    @property
    def sentence(self) -> str:
        return f"{self.what} cannot be extracted: {self.reason}."


@dataclass(frozen=True, slots=True)
class Unrelated:
    """Files of a folder or an archive, or one of them, that are neither textures nor archives.

    ``kind`` is their extension.
    """

    what: str
    kind: str
    count: int = 1


Extracted = ExtractedTexture | Skipped | Unrelated


def extract(
    paths: Sequence[Path],
    output: Path,
    settings: ExtractSettings,
    *,
    game: str | None = None,
    roots: Mapping[Path, Root] | None = None,
) -> Generator[Extracted]:
    """Write every texture found under ``output`` and yield it, in an order that depends on names only.

    ``roots``: what ids of the paths begin with; :func:`root_of` each where it is not given.

    Raises:
        InputError: a path is not there or of no kind that is read, or ``output`` cannot be written;
            nothing is extracted then.

    """
    check_inputs(paths)
    roots = {path: root_of(path, game) for path in paths} if roots is None else roots
    with ExitStack() as stack:
        try:
            output.mkdir(parents=True, exist_ok=True)
            scratch = stack.enter_context(scratch_folder(output.resolve()))
        except OSError as error:
            raise InputError(f"{output} cannot be written ({error.strerror}): choose another --output.") from error
        keep = _Keep(scratch)
        parsers = stack.enter_context(SideBySide(parsers_of(settings, parser_setup(paths, settings), scratch), keep))
        yield from _Extraction(parsers, output, game).run(paths, roots)


def parsers_of(settings: ExtractSettings, setup: Setup, scratch: Path, processes: int = 0) -> list[Parser]:
    """Return as many parsers as ``processes`` says, or else the settings; none has a child yet."""
    count = processes or settings.processes or default_processes(settings.memory_bytes)
    return [Parser(parser_limits(settings), scratch, setup) for _ in range(count)]


def parser_limits(settings: ExtractSettings) -> ParserLimits:
    read = ReadLimits(
        max_members=settings.max_members,
        max_member_bytes=settings.max_member_bytes,
        max_total_bytes=settings.max_total_bytes,
        max_ratio=settings.max_ratio,
        max_pixels=settings.max_pixels,
    )
    return ParserLimits(read, settings.memory_bytes, settings.idle_seconds, settings.archive_seconds)


def parser_setup(paths: Sequence[Path], settings: ExtractSettings) -> Setup:
    key = settings.unity_key
    unity = UnityOptions(
        version=settings.unity_version,
        key=key.get_secret_value() if key else None,
        engine_textures=settings.engine_textures,
    )
    return Setup(tuple(str(path.absolute()) for path in paths), unity)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A texture that waits for its name; ``png`` is ours."""

    found: Found
    png: Path
    size_bytes: int
    sha256: str


class _Keep:
    """Takes textures from the parsers, in their threads."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._numbers = itertools.count()

    def __call__(self, item: Parsed) -> _Kept | LeftOut | PassedOver:
        if not isinstance(item, ParsedTexture):
            return item
        data = item.png.read_bytes()
        kept = self._scratch / png_name(next(self._numbers))
        item.png.replace(kept)
        return _Kept(item.found, kept, len(data), hashlib.sha256(data).hexdigest())


class _Extraction:
    def __init__(self, parsers: SideBySide[_Kept | LeftOut | PassedOver], output: Path, game: str | None) -> None:
        self._parsers = parsers
        self._output = output.resolve()
        self._game = game or ""
        self._ids = AssetIds()
        self._names = OutputNames()

    def run(self, paths: Sequence[Path], roots: Mapping[Path, Root]) -> Iterator[Extracted]:
        for source, items in self._parsers.read(source_files(paths, self._output, roots)):
            match source:
                case LeftFile(label=label, reason=None):
                    yield Unrelated(label, kind_of_other(label))
                case LeftFile(label=label, reason=str() as reason):
                    yield Skipped(label, reason)
                case SourceFile():
                    yield from self._file(source, items)

    def _file(self, source: SourceFile, items: Iterator[_Kept | LeftOut | PassedOver]) -> Iterator[Extracted]:
        try:
            for item in items:
                match item:
                    case LeftOut(what=what, reason=reason):
                        yield Skipped(f"{source.label}: {what}", reason)
                    case PassedOver(kind=kind, count=count):
                        yield Unrelated(source.label, kind, count)
                    case _Kept():
                        yield self._named(source, item)
        except ArchiveError as error:
            yield Skipped(source.label, str(error), fatal=source.named)

    def _named(self, source: SourceFile, kept: _Kept) -> ExtractedTexture:
        found = kept.found
        asset_id = self._ids.assign(self._game, source.label, found.key)
        file = self._names.assign(asset_id)
        self._move(kept.png, self._output / file)
        archive, container_path = _place(source, found.container_path)
        return ExtractedTexture(
            asset_id=asset_id,
            file=file,
            size_bytes=kept.size_bytes,
            sha256=kept.sha256,
            width=found.width,
            height=found.height,
            mode=found.mode,
            archive=archive,
            container_path=container_path,
            name=found.name,
            source_type=found.source_type,
            engine=found.engine,
            facts=found.facts or _NOTHING_SAID,
            origin=found.origin,
            belongs_to=source.belongs_to,
        )

    def _move(self, png: Path, target: Path) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Our names never climb; a link that lies in the folder already could still lead out of it.
            if not target.parent.resolve().is_relative_to(self._output):
                raise InputError(f"{target.parent} is a link that leads out of {self._output}: remove it.")
            png.replace(target)
        except OSError as error:
            raise InputError(f"{target} cannot be written ({error.strerror}): choose another --output.") from error


def _place(source: SourceFile, container_path: str | None) -> tuple[str | None, str | None]:
    """Return archive and path inside it; for a loose image the folder stands for the archive."""
    if source.kind is not Kind.IMAGE:
        return source.label, container_path
    label = f"{source.label}/{container_path}" if container_path else source.label
    folder, _, rest = label.partition("/")
    return (folder, rest) if rest else (None, label)
