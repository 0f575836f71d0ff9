"""The Unity files among the members of an archive, unpacked to a scratch folder when they are opened."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO, Final

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.parts import whole_name
from producer_tools.extraction.pixels import brief
from producer_tools.extraction.readers.members import Member
from producer_tools.extraction.readers.sniff import Kind, kind_by_name, kind_of
from producer_tools.extraction.unity.files.signatures import RESOURCES
from producer_tools.extraction.unity.files.sources import Source, with_wholes

_CHUNK_BYTES: Final = 1024 * 1024
_FILES_KEPT: Final = 32


class UnpackedFiles:
    """Members as numbered files of a scratch folder, the few that were opened last: no name becomes a path."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._kept: OrderedDict[str, Path] = OrderedDict()
        self._count = 0

    def open(self, member: Member, limits: ReadLimits) -> IO[bytes]:
        """Return a member as a file; raises ArchiveError where it may not be or cannot be unpacked."""
        if member.unpacked is not None:
            return member.unpacked.open("rb")
        path = self._kept.get(member.name)
        if path is None:
            refusal = limits.refusal_of_member(member.size_bytes, member.packed_bytes)
            if refusal:
                raise ArchiveError(f"it {refusal}")
            while len(self._kept) >= _FILES_KEPT:
                self._kept.popitem(last=False)[1].unlink()
            self._count += 1
            path = self._scratch / f"member-{self._count}"
            _unpack(member, path)
            self._kept[member.name] = path
        self._kept.move_to_end(member.name)
        return path.open("rb")


class UnityMembers:
    """Which members of an archive Unity made.

    ``mains`` are the files with objects, ``sources`` all in which pointers may end, ``others`` what is no business of
    Unity's.
    """

    def __init__(self, members: Sequence[Member], unpacked: UnpackedFiles, limits: ReadLimits) -> None:
        """Raises ArchiveError where the files unpack to too much altogether."""
        by_place = _by_place(members)
        self.sources = self.sources_of(members, unpacked, limits)
        self.mains = [source for source in self.sources if _is_unity(source)]
        taken = {source.place for source in self.mains}
        of_unity = set()
        for place, member in by_place.items():
            whole = whole_name(place) or place
            if whole in taken or whole.lower().endswith(RESOURCES):
                of_unity.add(id(member))
        self.others = [member for member in members if id(member) not in of_unity]
        limits.check_total(sum(source.size_bytes for source in self.mains))

    @staticmethod
    def sources_of(members: Sequence[Member], unpacked: UnpackedFiles, limits: ReadLimits) -> list[Source]:
        """Return all members in which pointers may end, those in parts joined."""
        return with_wholes(
            [
                Source(place, member.size_bytes, partial(unpacked.open, member, limits), partial(_head, member))
                for place, member in _by_place(members).items()
            ]
        )


def _by_place(members: Sequence[Member]) -> dict[str, Member]:
    by_place: dict[str, Member] = {}
    for member in members:
        if not member.refusal and kind_by_name(member.name) is not Kind.IMAGE:
            by_place.setdefault(member.name.replace("\\", "/"), member)
    return by_place


def _is_unity(source: Source) -> bool:
    return kind_of(source.name, source.head(), source.size_bytes) is Kind.UNITY


def _head(member: Member) -> bytes:
    try:
        with member.open() as stream:
            return bytes(stream.read(64))
    except Exception:  # noqa: BLE001 - what cannot be unpacked is told of with its reason by whoever lists the others
        return b""


def _unpack(member: Member, path: Path) -> None:
    left = member.size_bytes
    try:
        with member.open() as stream, path.open("wb") as file:
            while piece := stream.read(min(_CHUNK_BYTES, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise EOFError(f"more than the {member.size_bytes} bytes that its archive names")  # noqa: TRY301 - as any
                file.write(piece)
    except MemoryError:
        raise
    except Exception as error:
        path.unlink(missing_ok=True)
        raise ArchiveError(f"it cannot be unpacked ({brief(error)})") from error
