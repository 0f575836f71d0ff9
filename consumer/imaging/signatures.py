"""The first bytes of image files, as far as they say what the file is."""

from __future__ import annotations

import re
import struct
from typing import Final

from consumer.imaging.files import blp, jxl, openraster, tiff
from consumer.imaging.files.light import exr, rgbe
from consumer.imaging.textures import basis, godot, ktx, ktx2, vtf

SIGNATURE_BYTES: Final = 512
_MAGICS: Final = (
    *((ktx.MAGIC, "KTX"), (ktx2.MAGIC, "KTX2"), (vtf.MAGIC, "VTF"), (exr.MAGIC, "EXR")),
    *((magic, "BASIS") for magic in basis.MAGICS),
    *((magic, "GODOT") for magic in godot.MAGICS),
    *((magic, "HDR") for magic in rgbe.MAGICS),
    *((magic, "JXL") for magic in jxl.MAGICS),
    *((magic, "BLP") for magic in blp.MAGICS),
    (b"qoif", "QOI"),
    *((b"\x89PNG\r\n\x1a\n", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"DDS ", "DDS"), (b"8BPS", "PSD")),
    *((b"GIF87a", "GIF"), (b"GIF89a", "GIF"), *((magic, "TIFF") for magic in tiff.MAGICS)),
)
# The kinds with numbers that are bytes or words of letters, and their floats.
_NETPBM: Final = re.compile(rb"P[1-6Ff]\s+(#[^\n]*\n\s*)*\d+\s+\d+\s")
_OTHERS: Final = (
    (_NETPBM, "PPM"),
    (re.compile(rb"\n[\0\2-\5][\0\1][\1\2\4\b]"), "PCX"),
    (re.compile(rb"\x01\xda[\0\1][\1\2]\0[\1-\3]"), "SGI"),
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
    if openraster.is_openraster(head):
        return "ORA"
    if head[4:12] == b"ftypavif":
        return "AVIF"
    if head.startswith(b"BM") and len(head) >= 18 and struct.unpack_from("<I", head, 14)[0] in _BMP_HEADERS:
        return "BMP"
    return next((name for pattern, name in _OTHERS if pattern.match(head)), None)
