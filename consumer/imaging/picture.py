"""What a decoder gives, and the limits under which it works."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from consumer.imaging.errors import ImageRejectedError, Rejection
from consumer.imaging.facts import TextureFacts
from consumer.imaging.whole_pixels import all_alpha

Pixels = npt.NDArray[np.uint8]
Samples = npt.NDArray[Any]

FORMATS: Final = (
    *("PNG", "JPEG", "WEBP", "DDS", "TGA", "BMP", "GIF", "PSD", "TIFF"),
    *("KTX", "KTX2", "BASIS", "VTF", "GODOT", "EXR", "HDR", "JXL", "AVIF", "PCX", "SGI", "BLP"),
    *("QOI", "PPM", "ORA"),
)


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What is decoded at all."""

    max_bytes: int = 64 * 1024 * 1024
    max_pixels: int = 8192 * 8192
    formats: tuple[str, ...] = FORMATS

    def check_size(self, width: int, height: int) -> None:
        """Raise ImageRejectedError where an image of so many pixels must not be decoded."""
        if width < 1 or height < 1:
            raise ImageRejectedError(Rejection.UNDECODABLE, f"has no pixels ({width} by {height})")
        if width * height > self.max_pixels:
            raise ImageRejectedError(
                Rejection.TOO_MANY_PIXELS,
                f"has {width} by {height} pixels, at most {self.max_pixels} are decoded",
            )


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels as the file has them, upright: [H, W, bands] of grey, grey and alpha, RGB or RGBA (straight alpha).

    They are uint8, or uint16 where the file is grey of more than 8 bits. ``mode`` is the file's own, as Pillow names
    it. ``full_size`` is (width, height) of a picture that was made smaller on its way here, None for all others.
    """

    pixels: Samples
    mode: str
    full_size: tuple[int, int] | None = None
    facts: TextureFacts | None = None


@dataclass(frozen=True)
class DecodedImage:
    """Pixels as uint8 [H, W, 3] (RGB) or [H, W, 4] (RGBA, straight alpha), upright.

    ``mode`` and ``full_size`` are those of :class:`Picture`.
    """

    pixels: Pixels
    mode: str
    full_size: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        """Return the width of the picture in its file."""
        return self.full_size[0] if self.full_size else int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Return the height of the picture in its file."""
        return self.full_size[1] if self.full_size else int(self.pixels.shape[0])

    @property
    def has_alpha(self) -> bool:
        return int(self.pixels.shape[2]) == 4

    @cached_property
    def uses_alpha(self) -> bool:
        """Whether any pixel is less than opaque; much of game art has an alpha channel and does not use it."""
        return self.has_alpha and all_alpha(self.pixels, np.bitwise_and) != 255


def in_colour(picture: Picture) -> DecodedImage:
    """Return the picture in 8 bits a channel, grey as equal parts of red, green and blue."""
    pixels = picture.pixels
    if pixels.dtype == np.uint16:
        pixels = to_eight_bits(pixels)
    if pixels.shape[2] < 3:
        whole = pixels[..., 0] if pixels.shape[2] == 1 else pixels
        pixels = np.asarray(Image.fromarray(whole).convert("RGB" if pixels.shape[2] == 1 else "RGBA"))
    return DecodedImage(pixels, picture.mode, picture.full_size)


def to_eight_bits(values: Samples) -> Pixels:
    """Return 16-bit values to the nearest of 8 bits."""
    eight: Pixels = ((values.astype(np.uint32) * 255 + 32895) >> 16).astype(np.uint8)
    return eight
