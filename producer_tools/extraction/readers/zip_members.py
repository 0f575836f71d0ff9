"""What a zip archive lists, as members."""

from __future__ import annotations

import stat
import sys
import zipfile
import zlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO, Final

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits, is_symlink
from producer_tools.extraction.pixels import brief
from producer_tools.extraction.readers.members import Member
from producer_tools.extraction.readers.zip_names import name_of

_ENCRYPTED_FLAG: Final = 0x1
_ENCRYPTED: Final = 99
_ZSTANDARD: Final = 93
_READ: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA} | (
    {_ZSTANDARD} if sys.version_info >= (3, 14) else set()
)
# Ways to pack a member, by their numbers in the archive.
_PACKERS: Final[Mapping[int, str]] = {
    1: "Shrink",
    6: "Implode",
    9: "Deflate64",
    _ZSTANDARD: "Zstandard",
    95: "xz",
    96: "JPEG",
    97: "WavPack",
    98: "PPMd",
}


def opened_zip(file: Path | IO[bytes]) -> zipfile.ZipFile:
    """Open a zip archive; raises ArchiveError."""
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, zlib.error) as error:
        raise ArchiveError(f"it is damaged or not a zip archive ({brief(error)})") from error


def zip_members(archive: zipfile.ZipFile, limits: ReadLimits, place: str = "") -> list[Member]:
    """Return the members, their names below ``place``; raises ArchiveError where they are too many."""
    members = archive.infolist()
    limits.check_member_count(len(members))
    in_volumes = any(member.volume for member in members)
    # A name that begins with NUL is read as none at all, and zipfile trips over it.
    return [
        _member(archive, member, place, in_volumes=in_volumes)
        for member in members
        if member.filename and not member.is_dir()
    ]


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: str, *, in_volumes: bool) -> Member:
    unix_mode = member.external_attr >> 16
    refusal = None
    if is_symlink(unix_mode) or (stat.S_IFMT(unix_mode) and not stat.S_ISREG(unix_mode)):
        refusal = "is a link or a device, not a file"
    elif member.flag_bits & _ENCRYPTED_FLAG or member.compress_type == _ENCRYPTED:
        refusal = "is encrypted: unpack the archive and extract the folder"
    elif in_volumes:
        refusal = f"is in volume {member.volume + 1} of an archive of several: join them with 7-Zip"
    elif member.compress_type not in _READ:
        packer = _PACKERS.get(member.compress_type, f"method {member.compress_type}")
        refusal = f"is packed by {packer}, which is not read: unpack the archive with 7-Zip and extract the folder"
    name = f"{place}{name_of(member)}"
    return Member(name, member.file_size, partial(archive.open, member), member.compress_size, refusal)
