"""7z archives, read by py7zr."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import brief
from producer_tools.extraction.readers.archive_build import ArchiveBuild
from producer_tools.extraction.readers.members import Member
from producer_tools.extraction.readers.unpacked import UnpackedMember
from producer_tools.extraction.textures import Item
from producer_tools.extraction.unity.reader import UnityReader

_ENCRYPTED: Final = "it is encrypted: unpack it and extract the folder"


@contextmanager
def open_seven_zip(path: Path, limits: ReadLimits, scratch: Path, unity: UnityReader) -> Iterator[Sequence[Item]]:
    """Yield the images of the archive and what its Unity files hold.

    They are unpacked to ``scratch`` in one pass, as their order in it asks.

    Raises:
        ArchiveError: corrupt, encrypted, beyond the limits on members and total size, or py7zr is not installed.

    """
    try:
        members = _members(path, limits, scratch)
    except ImportError as error:
        raise ArchiveError("reading 7z archives needs py7zr: pip install 'aegis-tagger[extract]'") from error
    except (ArchiveError, MemoryError):
        raise
    except Exception as error:
        # Where the list of members is encrypted as well, the library asks for the password before it can be asked.
        if type(error).__name__ == "PasswordRequired":
            raise ArchiveError(_ENCRYPTED) from error
        raise ArchiveError(f"it is damaged, or packed in a way that is not read ({brief(error)})") from error
    with ExitStack() as stack:
        yield ArchiveBuild(limits, scratch, unity, stack).items(members)


def _members(path: Path, limits: ReadLimits, scratch: Path) -> list[Member]:
    import py7zr  # noqa: PLC0415 - an extra
    from py7zr.io import Py7zIO, WriterFactory  # noqa: PLC0415

    # A file that is open already is read in this thread alone.
    with path.open("rb") as file, py7zr.SevenZipFile(file, max_extract_size=limits.max_total_bytes) as archive:
        if archive.needs_password():
            raise ArchiveError(_ENCRYPTED)
        infos = archive.list()
        limits.check_member_count(len(infos))
        limits.check_total(sum(info.uncompressed for info in infos))
        sizes = {info.filename: info.uncompressed for info in infos}
        unpacked: list[UnpackedMember] = []

        class Target(Py7zIO):
            def __init__(self, name: str) -> None:
                place = scratch / f"{len(unpacked)}.member"
                self._target = UnpackedMember(name, sizes.get(name, 0), place, limits)
                unpacked.append(self._target)

            def write(self, piece: bytes | bytearray) -> int:
                self._target.write(bytes(piece))
                return len(piece)

            def read(self, _size: int | None = None) -> bytes:
                return b""

            def seek(self, _offset: int, _whence: int = 0) -> int:
                return 0

            def flush(self) -> None:
                return

            def size(self) -> int:
                return self._target.written_bytes

        class Targets(WriterFactory):
            def create(self, filename: str) -> Any:
                return Target(filename)

        try:
            archive.extract(targets=[info.filename for info in infos if info.is_file], factory=Targets())
        finally:
            for target in unpacked:
                target.close()
    return [target.member() for target in unpacked]
