"""The first bytes of image files, as far as they say what the file is."""

from __future__ import annotations

import struct
from typing import Final

from consumer.imaging.files import blp, exr, jxl, rgbe, tiff
from consumer.imaging.textures import basis, godot, ktx, ktx2, vtf

SIGNATURE_BYTES: Final = 512
_MAGICS: Final = (
    *((ktx.MAGIC, "KTX"), (ktx2.MAGIC, "KTX2"), (vtf.MAGIC, "VTF"), (exr.MAGIC, "EXR")),
    *((magic, "BASIS") for magic in basis.MAGICS),
    *((magic, "GODOT") for magic in godot.MAGICS),
    *((magic, "HDR") for magic in rgbe.MAGICS),
    *((magic, "JXL") for magic in jxl.MAGICS),
    *((magic, "BLP") for magic in blp.MAGICS),
    *((b"\x89PNG\r\n\x1a\n", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"DDS ", "DDS"), (b"8BPS", "PSD")),
    *((b"GIF87a", "GIF"), (b"GIF89a", "GIF"), *((magic, "TIFF") for magic in tiff.MAGICS)),
)
_BMP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


def image_format(head: bytes) -> str | None:
    """Return the format, as ``ImageLimits.formats`` names it, of a file that begins so; None for no image.

    TGA files have no such bytes.
    """
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:12] == b"ftypavif":
        return "AVIF"
    if head.startswith(b"BM") and len(head) >= 18 and struct.unpack_from("<I", head, 14)[0] in _BMP_HEADERS:
        return "BMP"
    return None
