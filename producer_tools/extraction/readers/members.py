"""The members of an archive, whatever its format: which are textures, and what is told of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

from PIL import Image

from consumer.imaging.decode import count_layers
from consumer.imaging.signatures import SIGNATURE_BYTES
from producer_tools.extraction.atlases.entries import sprites_of
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import LAYERED_EXTENSIONS, brief, decoded
from producer_tools.extraction.readers.known import suffix_of, why_unread
from producer_tools.extraction.readers.pointers import INSIDE, is_pointer
from producer_tools.extraction.readers.sniff import Kind, kind_by_name, kind_of
from producer_tools.extraction.textures import Entry, Left, Other, UnreadableImageError
from producer_tools.extraction.unity.files.signatures import is_of_a_build

_IN_ANOTHER: Final = "is an archive inside an archive: unpack it and extract it by itself"


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside an archive.

    ``open`` gives its bytes as a stream and may raise anything. ``packed_bytes`` is None where it is not packed by
    itself. ``refusal`` says why it must not be opened, None when it may be. ``unpacked`` is a file that holds all of
    it already.
    """

    name: str
    size_bytes: int
    open: Callable[[], Any]
    packed_bytes: int | None = None
    refusal: str | None = None
    unpacked: Path | None = None


def textures_of(members: Iterable[Member], limits: ReadLimits, engine: str | None = None) -> list[Entry | Left | Other]:
    """Return what each member is; raises ArchiveError where the textures unpack to too much altogether."""
    every = list(members)
    reading = _Reading(limits, engine, {member.name: member for member in every})
    return [item for member in every for item in reading.items(member)]


class _Reading:
    """Keeps the member that was read last: its pictures come one after the other."""

    def __init__(self, limits: ReadLimits, engine: str | None, by_name: Mapping[str, Member]) -> None:
        self._limits = limits
        self._by_name = by_name
        self._engine = engine
        self._total_bytes = 0
        self._last: tuple[Member, bytes] | None = None

    def items(self, member: Member) -> Iterator[Entry | Left | Other]:
        kind, head = kind_by_name(member.name), b""
        if kind is None or suffix_of(member.name) in LAYERED_EXTENSIONS:
            try:
                head = b"" if member.refusal else _unpacked(member, SIGNATURE_BYTES)
            except UnreadableImageError as error:
                yield Left(member.name, str(error))
                return
            kind = kind or kind_of(member.name, head, member.size_bytes)
        if kind is None:
            reason = (member.refusal if is_of_a_build(member.name) else None) or why_unread(member.name, head)
            yield Left(member.name, reason) if reason else Other(member.name)
        elif kind not in {Kind.IMAGE, Kind.ATLAS}:
            yield Left(member.name, member.refusal or _IN_ANOTHER)
        elif refusal := self._refusal(member):
            yield Left(member.name, refusal)
        else:
            yield from (
                self._sprites(member)
                if kind is Kind.ATLAS
                else self._pictures(member, count_layers(head, member.size_bytes))
            )

    def _refusal(self, member: Member) -> str | None:
        return member.refusal or self._limits.refusal_of_member(member.size_bytes, member.packed_bytes)

    def _sprites(self, member: Member) -> Iterator[Entry | Left]:
        folder, slash, name = member.name.rpartition("/")

        def find(image: str) -> Callable[[], Image.Image] | None:
            sheet = self._by_name.get(folder + slash + image)
            if sheet is None or sheet is member or self._refusal(sheet):
                return None
            return cache(partial(self._load, sheet, None))

        try:
            data = self._bytes(member)
        except UnreadableImageError as error:
            yield Left(member.name, str(error))
            return
        yield from sprites_of(name, data, find, self._limits, prefix=f"{member.name}/")

    def _bytes(self, member: Member) -> bytes:
        data = _unpacked(member, member.size_bytes + 1)
        if len(data) > member.size_bytes:
            raise UnreadableImageError(f"unpacks to more than the {member.size_bytes} bytes that its archive names")
        if is_pointer(data):
            raise UnreadableImageError(INSIDE)
        return data

    def _pictures(self, member: Member, count: int) -> Iterator[Entry | Left]:
        self._total_bytes += member.size_bytes
        self._limits.check_total(self._total_bytes)
        refusal = self._limits.refusal_of_layers(count)
        if refusal:
            yield Left(member.name, refusal)
            return
        for number in range(count) if count > 1 else (None,):
            place = member.name if number is None else f"{member.name}/{number}"
            yield Entry(
                key=place,
                name=PurePosixPath(member.name.replace("\\", "/")).stem,
                source_type="image",
                container_path=place,
                engine=self._engine,
                load=partial(self._load, member, number),
            )

    def _load(self, member: Member, number: int | None) -> Image.Image:
        if self._last is None or self._last[0] is not member:
            self._last = None
            data = self._bytes(member)
            if number is not None:
                self._last = (member, data)
        else:
            data = self._last[1]
        return decoded(data, self._limits, number)


def _unpacked(member: Member, most_bytes: int) -> bytes:
    try:
        with member.open() as stream:
            return bytes(stream.read(most_bytes))
    except (MemoryError, UnreadableImageError):
        raise
    except Exception as error:
        raise UnreadableImageError(f"cannot be unpacked ({brief(error)})") from error
