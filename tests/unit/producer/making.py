"""Images and archives for the tests of the extraction, good and hostile."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from struct import pack
from typing import Any

from PIL import Image

from producer_tools.extraction.extract import Extracted, ExtractedTexture, Skipped, extract
from producer_tools.settings import ExtractSettings

SAMPLES = Path(__file__).parents[3] / "samples"


def picture(seed: int = 0, mode: str = "RGB", size: tuple[int, int] = (16, 12)) -> Image.Image:
    """Return an image of which no two seeds have the same pixels."""
    bands = []
    for band in range(len(Image.new(mode, (1, 1)).getbands())):
        factor, start = 7 + 4 * band + seed // 256, 41 * band + 5 * seed
        levels = [(x * factor + y * 3 + start) % 256 for y in range(size[1]) for x in range(size[0])]
        bands.append(Image.frombytes("L", size, bytes(levels)))
    return Image.merge(mode, bands) if len(bands) > 1 else bands[0]


def encoded(image: Image.Image, extension: str) -> bytes:
    """Return the image as a file of this kind, without loss where the kind allows it."""
    if extension == "psd":
        return psd(image)
    written = io.BytesIO()
    kinds = {"jpg": "JPEG", "tif": "TIFF"}
    options: dict[str, Any] = {"lossless": True, "exact": True} if extension == "webp" else {}
    image.save(written, kinds.get(extension, extension.upper()), **options)
    return written.getvalue()


def psd(image: Image.Image) -> bytes:
    """Return a Photoshop file with the flattened image alone; Pillow reads the format, but does not write it."""
    bands = image.split()
    width, height = image.size
    header = b"8BPS" + pack(">H6xHIIHH", 1, len(bands), height, width, 8, 3)
    empty_sections = pack(">III", 0, 0, 0)  # palette, resources, layers
    return header + empty_sections + pack(">H", 0) + b"".join(band.tobytes() for band in bands)


def png(seed: int = 0, mode: str = "RGB") -> bytes:
    return encoded(picture(seed, mode), "png")


def zip_of(path: Path, members: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    """Write a zip whose member names are taken as they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two members may have one name
        for name, data in members:
            member = name
            if isinstance(name, str):
                member = zipfile.ZipInfo("placeholder", (2000, 1, 1, 0, 0, 0))
                member.filename = name  # the constructor would mend it
                member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    return path


def zip_link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    """Return a member that is a symbolic link."""
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member, target.encode()


def package_of(path: Path, assets: Sequence[tuple[str, bytes]], extra: Sequence[tarfile.TarInfo] = ()) -> Path:
    """Write a .unitypackage of pathnames and contents."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for number, (pathname, data) in enumerate(assets):
            for name, content in (("asset", data), ("pathname", pathname.encode("utf-8", errors="replace"))):
                member = tarfile.TarInfo(f"{number:032x}/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        for member in extra:
            archive.addfile(member)
    path.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return path


def extracted(paths: Path | Sequence[Path], output: Path, **settings: Any) -> list[Extracted]:
    """Extract, with the settings of this test alone."""
    found = extract([paths] if isinstance(paths, Path) else paths, output, ExtractSettings(**settings))
    return list(found)


def textures(items: Iterable[Extracted]) -> list[ExtractedTexture]:
    return [item for item in items if isinstance(item, ExtractedTexture)]


def skipped(items: Iterable[Extracted]) -> list[Skipped]:
    return [item for item in items if isinstance(item, Skipped)]


def pixels(output: Path, texture: ExtractedTexture) -> Image.Image:
    """Return the PNG that was written."""
    with Image.open(output / texture.file) as image:
        image.load()
        return image


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
