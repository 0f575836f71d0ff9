"""Makes the archives in samples/archives again, out of what `aegis extract` takes out of them.

    aegis extract samples/archives --output TEXTURES
    python -m samples.make_archives TEXTURES samples/archives

So the pixels live in one place, the archives; every time and every order is fixed, and so are the bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from PIL import Image

from samples.unity_bundle import Sprite, Texture, bundle

_ZIP_MEMBERS: Final = (
    "content/gfx/units/ships/as_frigate0.png",
    "content/gfx/buildings/as_bath.tga",
    "content/gfx/buildings/as_distillery0.bmp",
    "content/gfx/terrain/trees/as_birch0.webp",
    "content/gui/icons/trade_h.dds",
)
_PACKAGE_MEMBERS: Final = (
    "Assets/Characters/perser_tex.png",
    "Assets/Buildings/texture_farm.png",
    "Assets/Plants/bush.png",
    "Assets/Plants/texture_grass_2.tga",
)
_BUNDLE: Final = "sample.unity3d"
_SHIPS: Final = "assets/ships"
_WEAPONS: Final = "assets/outfits"
_ZIP_TIME: Final = (2000, 1, 1, 0, 0, 0)
_README: Final = b"Textures of Unknown Horizons; authors and licence: ../LICENSES.md\n"


def zip_archive(images: Mapping[str, Image.Image]) -> bytes:
    """Return a zip of the images, each in the format that its path names, and a text."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, data in [("README.txt", _README), *((path, encoded(images[path], path)) for path in _ZIP_MEMBERS)]:
            member = zipfile.ZipInfo(path, _ZIP_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    return packed.getvalue()


def unity_package(images: Mapping[str, Image.Image]) -> bytes:
    """Return a .unitypackage of the images: a folder for each, named by a GUID."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in _PACKAGE_MEMBERS:
            guid = hashlib.md5(path.encode(), usedforsecurity=False).hexdigest()
            meta = f"fileFormatVersion: 2\nguid: {guid}\n".encode()
            contents = {"asset": encoded(images[path], path), "asset.meta": meta, "pathname": path.encode()}
            for name, data in contents.items():
                member = tarfile.TarInfo(f"{guid}/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def unity_bundle(images: Mapping[str, Image.Image]) -> bytes:
    """Return a bundle with a texture whose alpha is in a companion, two that have their own, and two sprites."""
    kestrel = images[f"{_SHIPS}/kestrel.png"]
    fleet = Texture("fleet", f"{_SHIPS}/fleet.png", images[f"{_SHIPS}/fleet.png"])
    half = fleet.image.width // 2
    return bundle(
        _BUNDLE,
        [
            Texture("kestrel", f"{_SHIPS}/kestrel.png", kestrel.convert("RGB")),
            Texture("kestrel[alpha]", f"{_SHIPS}/kestrel[alpha].png", kestrel.getchannel("A").convert("RGB")),
            Texture("proton gun", f"{_WEAPONS}/proton gun.png", images[f"{_WEAPONS}/proton gun.png"]),
            Texture("particle cannon", f"{_WEAPONS}/particle cannon.png", images[f"{_WEAPONS}/particle cannon.png"]),
            fleet,
        ],
        [
            Sprite("hai aphid", fleet, (0, 0, half, fleet.image.height)),
            Sprite("flivver", fleet, (half, 0, fleet.image.width, fleet.image.height)),
        ],
    )


def encoded(image: Image.Image, path: str) -> bytes:
    """Return the image without loss in the format of the path's extension."""
    written = io.BytesIO()
    format_name = PurePosixPath(path).suffix[1:].upper()
    image.save(written, format=format_name, **({"lossless": True, "exact": True} if format_name == "WEBP" else {}))
    return written.getvalue()


_MAKERS: Final = {"sample.zip": zip_archive, "sample.unitypackage": unity_package, _BUNDLE: unity_bundle}


def make_archives(textures: Path, output: Path) -> None:
    """Write the archives to ``output``; ``textures`` is what was extracted of the ones that are there."""
    for name, make in _MAKERS.items():
        folder = textures / "archives" / name
        images = {}
        for file in sorted(folder.rglob("*.png")):
            with Image.open(file) as image:
                image.load()
                images[file.relative_to(folder).as_posix()] = image
        for path in (*_ZIP_MEMBERS, *_PACKAGE_MEMBERS):
            extracted = f"{path.removesuffix('.png')}.png"
            if extracted in images:
                images[path] = images[extracted]
        (output / name).write_bytes(make(images))


if __name__ == "__main__":
    make_archives(Path(sys.argv[1]), Path(sys.argv[2]))
