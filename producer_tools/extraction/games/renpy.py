"""RPA, the archives of Ren'Py: members as they are, and behind them an index that is packed and pickled."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from producer_tools.errors import ArchiveError
from producer_tools.extraction.games.pickled import plain_value
from producer_tools.extraction.games.regions import read_at, region
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import brief
from producer_tools.extraction.readers.members import Member, textures_of
from producer_tools.extraction.textures import Entry, Left, Other

_HEAD: Final = re.compile(rb"RPA-(2\.0|3\.0) ([0-9a-fA-F]{16})(?: ([0-9a-fA-F]{8}))?\r?\n")
_HEAD_BYTES: Final = 64
_MOST_INDEX_BYTES: Final = 64 * 1024 * 1024


@contextmanager
def open_rpa(path: Path, limits: ReadLimits) -> Iterator[list[Entry | Left | Other]]:
    """Yield the images of the archive, whose index is read without unpickling; raises ArchiveError."""
    size_bytes = path.stat().st_size
    head = _HEAD.match(read_at(path, 0, min(_HEAD_BYTES, size_bytes)))
    if head is None:
        raise ArchiveError("it is a Ren'Py archive of a version other than 2.0 and 3.0: unpack it with unrpa")
    at, key = int(head[2], 16), int(head[3] or b"0", 16)
    try:
        unpacking = zlib.decompressobj()
        index = unpacking.decompress(read_at(path, at, size_bytes - at), _MOST_INDEX_BYTES)
        if unpacking.unconsumed_tail:
            raise ArchiveError(f"its index unpacks to more than {_MOST_INDEX_BYTES} bytes, as no game's does")
        value = plain_value(index)
        limits.check_member_count(len(value))
        members = [_member(path, name, places, key) for name, places in value.items()]
    except (zlib.error, ValueError, TypeError, AttributeError, IndexError) as error:
        raise ArchiveError(f"it is damaged, or its index is no list of files ({brief(error)})") from error
    yield textures_of(members, limits)


def _member(path: Path, name: Any, places: Any, key: int) -> Member:
    at, size_bytes, *before = places[0]
    start = before[0] if before else b""
    # Python 2 had one type for texts and bytes.
    start = start.encode("latin-1", errors="replace") if isinstance(start, str) else bytes(start)
    name = name.decode("utf-8", errors="replace") if isinstance(name, bytes) else str(name)
    return region(name, path, (at ^ key), (size_bytes ^ key) - len(start), start)
