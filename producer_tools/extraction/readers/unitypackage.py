"""``.unitypackage``: a tar.gz with a folder for each asset, its bytes in ``asset``, its path in ``pathname``."""

from __future__ import annotations

import gzip
import io
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Final

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import brief
from producer_tools.extraction.readers.archive_build import ArchiveBuild
from producer_tools.extraction.readers.members import Member
from producer_tools.extraction.textures import Item, Left
from producer_tools.extraction.unity.reader import UnityReader

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
            text = stream.read(_MAX_PATHNAME_BYTES).decode("utf-8", errors="replace")
            asset.pathname = re.split(r"[\r\n]", text, maxsplit=1)[0]
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
def open_unitypackage(path: Path, limits: ReadLimits, scratch: Path, unity: UnityReader) -> Iterator[Sequence[Item]]:
    """Yield the images of the package and what its Unity files hold; all is unpacked to ``scratch`` in one pass.

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
    nameless = [
        Left(folder, "has no pathname in the package")
        for folder, asset in unpacking.assets.items()
        if not asset.pathname and asset.unpacked
    ]
    files = (_member(asset) for asset in unpacking.assets.values() if asset.pathname)
    with ExitStack() as stack:
        build = ArchiveBuild(limits, scratch, unity, stack)
        yield [*nameless, *build.items((file for file in files if file), engine="unity")]


def _member(asset: _Asset) -> Member | None:
    """Return the asset as a file; None for a folder, which has a pathname alone."""
    assert asset.pathname is not None
    if asset.unpacked is None:
        return Member(asset.pathname, 0, io.BytesIO, refusal=asset.refusal) if asset.refusal else None
    unpacked = asset.unpacked
    return Member(asset.pathname, unpacked.stat().st_size, partial(unpacked.open, "rb"), unpacked=unpacked)
