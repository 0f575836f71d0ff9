"""Zip archives under their many names: zip, pk3, pk4, wz, jar, apk."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from PIL import Image

from producer_tools.errors import ArchiveError
from producer_tools.limits import ReadLimits, is_symlink
from producer_tools.pixels import EXTENSIONS, brief, open_image
from producer_tools.textures import Entry, Left, UnreadableImageError

_ARCHIVES_INSIDE: Final = frozenset(
    {".zip", ".pk3", ".pk4", ".wz", ".jar", ".apk", ".unitypackage", ".unity3d", ".bundle", ".assets", ".7z", ".rar"}
)
_ENCRYPTED_FLAG: Final = 0x1


@contextmanager
def open_zip(path: Path, limits: ReadLimits) -> Iterator[list[Entry | Left]]:
    """Yield the images of the archive; archives inside it are named, but not opened.

    Raises:
        ArchiveError: corrupt, or beyond the limits on members and total size.

    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, zlib.error) as error:
        raise ArchiveError(f"it is damaged or not a zip archive ({brief(error)})") from error
    with archive:
        members = archive.infolist()
        limits.check_member_count(len(members))
        limits.check_total(sum(member.file_size for member in members if _extension(member) in EXTENSIONS))
        # A name that begins with NUL is read as none at all, and zipfile trips over it.
        found = (_member(archive, member, limits) for member in members if member.filename and not member.is_dir())
        yield [item for item in found if item is not None]


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: ReadLimits) -> Entry | Left | None:
    name = member.filename
    extension = _extension(member)
    if extension in _ARCHIVES_INSIDE:
        return Left(name, "is an archive inside an archive: unpack it and extract it by itself")
    if extension not in EXTENSIONS:
        return None
    unix_mode = member.external_attr >> 16
    if is_symlink(unix_mode) or (stat.S_IFMT(unix_mode) and not stat.S_ISREG(unix_mode)):
        return Left(name, "is a link or a device, not a file")
    if member.flag_bits & _ENCRYPTED_FLAG:
        return Left(name, "is encrypted")
    refusal = limits.refusal_of_member(member.file_size, member.compress_size)
    if refusal:
        return Left(name, refusal)
    return Entry(
        key=name,
        name=PurePosixPath(name.replace("\\", "/")).stem,
        source_type="image",
        container_path=name,
        load=partial(_load, archive, member, limits),
    )


def _load(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: ReadLimits) -> Image.Image:
    try:
        data = archive.read(member)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, zlib.error) as error:
        raise UnreadableImageError(f"cannot be unpacked ({brief(error)})") from error
    return open_image(io.BytesIO(data), limits)


def _extension(member: zipfile.ZipInfo) -> str:
    return PurePosixPath(member.filename.replace("\\", "/")).suffix.lower()
