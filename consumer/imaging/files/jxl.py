"""JPEG XL, read by libjxl."""

from __future__ import annotations

from typing import Final

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import ImageLimits, Picture

MAGICS: Final = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")


def read_jxl(data: bytes, limits: ImageLimits) -> Picture:
    """Decode the file, the first frame of an animation; raises ImageRejectedError."""
    try:
        import pylibjxl  # noqa: PLC0415 - an extra
    except ImportError:
        raise undecodable("is a JPEG XL file, which needs: pip install 'aegis-tagger[extract]'") from None
    try:
        header = pylibjxl.probe(data)
        limits.check_size(header["width"], header["height"])
        pixels = pylibjxl.decode(data)
    except RuntimeError as error:
        raise undecodable(f"is cut short or damaged ({error})") from error
    height, width = pixels.shape[:2]
    pixels = pixels.reshape(height, width, -1)
    return Picture(pixels, ("L", "LA", "RGB", "RGBA")[pixels.shape[2] - 1])
