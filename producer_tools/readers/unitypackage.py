"""``.unitypackage``: a tar.gz with a folder for each asset, its bytes in ``asset``, its path in ``pathname``."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Final

from PIL import Image

from producer_tools.errors import ArchiveError
from producer_tools.limits import ReadLimits
from producer_tools.pixels import EXTENSIONS, brief, open_image
from producer_tools.textures import Entry, Left

_MAX_PATHNAME_BYTES: Final = 4096
_GZIP_MAGIC: Final = b"\x1f\x8b"
_DAMAGE: Final = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, gzip.BadGzipFile)


@dataclass(slots=True)
class _Asset:
    """What was seen of one asset's folder so far."""

    unpacked: Path | None = None
    pathname: str | None = None
    refusal: str | None = None


@dataclass(slots=True)
class _Unpacking:
    """Members unpacked to numbered files of a scratch folder: no name of the archive ever becomes a path."""

    scratch: Path
    limits: ReadLimits
    assets: dict[str, _Asset] = field(default_factory=dict)
    members: int = 0
    total_bytes: int = 0

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self.members += 1
        self.limits.check_member_count(self.members)
        parts = PurePosixPath(member.name).parts
        if len(parts) < 2 or parts[-1] not in {"asset", "pathname"}:
            return
        asset = self.assets.setdefault("/".join(parts[:-1]), _Asset())
        if not member.isreg():
            asset.refusal = None if member.isdir() else "is a link or a device, not a file"
            return
        stream = archive.extractfile(member)
        if stream is None:
            return
        if parts[-1] == "pathname":
            asset.pathname = stream.read(_MAX_PATHNAME_BYTES).decode("utf-8", errors="replace").split("\n")[0]
        else:
            self._unpack(asset, member, stream)

    def _unpack(self, asset: _Asset, member: tarfile.TarInfo, stream: IO[bytes]) -> None:
        asset.refusal = self.limits.refusal_of_member(member.size)
        if asset.refusal:
            return
        self.total_bytes += member.size
        self.limits.check_total(self.total_bytes)
        asset.unpacked = self.scratch / f"{self.members}.asset"
        with asset.unpacked.open("wb") as file:
            shutil.copyfileobj(stream, file)


@contextmanager
def open_unitypackage(path: Path, limits: ReadLimits, scratch: Path) -> Iterator[list[Entry | Left]]:
    """Yield the images of the package; its assets are unpacked to ``scratch`` in one pass.

    Raises:
        ArchiveError: corrupt, or beyond the limits on members and total size.

    """
    unpacking = _Unpacking(scratch, limits)
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            with tarfile.open(fileobj=file, mode="r|gz" if packed else "r|") as archive:
                for member in archive:
                    unpacking.take(archive, member)
    except _DAMAGE as error:
        raise ArchiveError(f"it is damaged or not a .unitypackage ({brief(error)})") from error
    found = (_entry(asset, limits) for asset in unpacking.assets.values())
    yield [item for item in found if item is not None]


def _entry(asset: _Asset, limits: ReadLimits) -> Entry | Left | None:
    if asset.pathname is None:
        return None
    place = PurePosixPath(asset.pathname.replace("\\", "/"))
    if place.suffix.lower() not in EXTENSIONS:
        return None
    if asset.refusal:
        return Left(asset.pathname, asset.refusal)
    if asset.unpacked is None:
        return None
    return Entry(
        key=asset.pathname,
        name=place.stem,
        source_type="image",
        container_path=asset.pathname,
        engine="unity",
        load=partial(_load, asset.unpacked, limits),
    )


def _load(unpacked: Path, limits: ReadLimits) -> Image.Image:
    try:
        with unpacked.open("rb") as file:
            return open_image(file, limits)
    finally:
        unpacked.unlink()
