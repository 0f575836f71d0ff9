"""The data of WebGL builds, packed by gzip or brotli as web servers send it, unpacked under limits."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import brief
from producer_tools.extraction.unity.files.sources import Source

_GZIP: Final = b"\x1f\x8b"
# Unity writes into the stream what it is; other tools do not, and brotli itself has no magic.
_BROTLI_NOTE: Final = b"brotli"
_BROTLI_NAMES: Final = (".br", ".unityweb", ".databr")
_PLAIN: Final = (b"Unity", b"TuanjieWebData")
_CHUNK_BYTES: Final = 256 * 1024


def unwrapped(source: Source, limits: ReadLimits, scratch: Path) -> Any:
    """Return the file, unpacked to a nameless one in ``scratch`` where it is packed as web servers send files.

    Raises:
        ArchiveError: damaged, or beyond the limits.

    """
    stream, head = source.open(), source.head()
    if head.startswith(_GZIP):
        pieces = _gunzip(stream)
    elif _BROTLI_NOTE in head or (source.name.lower().endswith(_BROTLI_NAMES) and not head.startswith(_PLAIN)):
        pieces = _unbrotli(stream)
    else:
        return stream
    unpacked = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - whoever reads it closes it
    try:
        with stream:
            for piece in pieces:
                unpacked.write(piece)
                limits.check_unpacked(unpacked.tell(), source.size_bytes)
        unpacked.seek(0)
        start = unpacked.read(16)
        unpacked.seek(0)
    except ArchiveError:
        unpacked.close()
        raise
    except Exception as error:
        unpacked.close()
        raise ArchiveError(f"it is damaged: what it is packed in cannot be unpacked ({brief(error)})") from error
    if not start.startswith(_PLAIN):
        unpacked.close()
        raise ArchiveError(
            "it holds no Unity data: of a WebGL build the file with .data in its name has the textures, and before "
            "Unity 5.6 none says where they are"
        )
    return unpacked


def _gunzip(stream: Any) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    while packed := stream.read(_CHUNK_BYTES):
        while packed and not unpacker.eof:
            yield unpacker.decompress(packed, _CHUNK_BYTES)
            packed = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise EOFError("it ends in the middle")


def _unbrotli(stream: Any) -> Iterator[bytes]:
    import brotli  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with UnityPy

    unpacker = brotli.Decompressor()
    while packed := stream.read(_CHUNK_BYTES):
        yield unpacker.process(packed, output_buffer_limit=_CHUNK_BYTES)
        while not unpacker.can_accept_more_data() and not unpacker.is_finished():
            yield unpacker.process(b"", output_buffer_limit=_CHUNK_BYTES)
    if not unpacker.is_finished():
        raise EOFError("it ends in the middle")
