"""Tar archives, plain or packed by gzip, bzip2, xz or Zstandard."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import brief
from producer_tools.extraction.readers.archive_build import ArchiveBuild
from producer_tools.extraction.readers.members import Member
from producer_tools.extraction.readers.unpacked import UnpackedMember, copied
from producer_tools.extraction.textures import Item
from producer_tools.extraction.unity.reader import UnityReader

_DAMAGE: Final = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)


def _zstandard(file: IO[bytes]) -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - not in older Pythons
    else:
        from backports import zstd  # noqa: PLC0415 - an extra
    return zstd.ZstdFile(file)


PACKERS: Final[dict[bytes, Callable[[Any], Any]]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": _zstandard,
    # What xz came from, and still unpacks.
    b"\x5d\0\0": lzma.LZMAFile,
}
_UNREAD_PACKERS: Final = {b"\x04\x22\x4d\x18": "LZ4", b"\x1f\x9d": "Unix compress", b"LZIP": "lzip", b"\x89LZO": "lzop"}


@contextmanager
def open_tar(path: Path, limits: ReadLimits, scratch: Path, unity: UnityReader) -> Iterator[Sequence[Item]]:
    """Yield the images of the archive and what its Unity files hold; they are unpacked to ``scratch`` in one pass.

    Raises:
        ArchiveError: corrupt, or beyond the limits on members and total size.

    """
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(unpacking(stack.enter_context(path.open("rb"))))
            archive = stack.enter_context(tarfile.open(fileobj=stream, mode="r|"))
            members = list(_members(archive, limits, scratch))
        except ImportError as error:
            raise ArchiveError("it is packed by Zstandard, which needs: pip install 'aegis-tagger[extract]'") from error
        except _DAMAGE as error:
            raise ArchiveError(f"it is damaged or not a tar archive ({brief(error)})") from error
        yield ArchiveBuild(limits, scratch, unity, stack).items(members)


def unpacking(file: IO[bytes]) -> Any:
    """Return a stream of what the file holds when it is unpacked once; the file itself where it is not packed."""
    head = file.read(8)
    file.seek(0)
    unread = next((name for magic, name in _UNREAD_PACKERS.items() if head.startswith(magic)), None)
    if unread:
        raise ArchiveError(f"it is packed by {unread}, which is not read: unpack it and extract the tar archive")
    packer = next((packer for magic, packer in PACKERS.items() if head.startswith(magic)), None)
    return packer(file) if packer else file


def _members(archive: tarfile.TarFile, limits: ReadLimits, scratch: Path) -> Iterator[Member]:
    total_bytes = 0
    for number, info in enumerate(archive, 1):
        limits.check_member_count(number)
        total_bytes += info.size
        limits.check_total(total_bytes)
        if info.isdir():
            continue
        stream = archive.extractfile(info) if info.isreg() else None
        if stream is None:
            yield Member(info.name, 0, io.BytesIO, refusal="is a link or a device, not a file")
        else:
            yield copied(stream, UnpackedMember(info.name, info.size, scratch / f"{number}.member", limits))
