"""One picture as the tests on pixels see it: of bounded size, with what is visible told from what is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from consumer.tagging.decode import DecodedImage
from consumer.tagging.vips import pyvips

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

# A statistic must not depend on how large a texture was made, so that large ones are shrunk to this first.
LONGEST_SIDE: Final = 128
# What neighbours have to do with each other is lost by shrinking; it is looked at in a cut-out of this size.
_MIDDLE_SIDE: Final = 64
VISIBLE_ALPHA: Final = 128

_RGB_TO_LMS: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_LMS_TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)


def _linear_light() -> Floats:
    encoded = np.arange(256, dtype=np.float32) / 255
    linear: Floats = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


_LINEAR: Final = _linear_light()


def oklab(rgb: Bytes) -> Floats:
    """Return OKLab (lightness, a, b) of sRGB [..., 3], where equal distances look about equally different.

    Björn Ottosson, "A perceptual color space for image processing", 2020.
    """
    lab: Floats = np.cbrt(_LINEAR[rgb] @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T
    return lab


@dataclass(frozen=True, slots=True)
class PixelView:
    """``rgb`` [H, W, 3] and ``alpha`` [H, W] with no side above LONGEST_SIDE; ``visible`` [H, W] has a colour.

    ``size`` is (height, width) of the texture itself.

    ``middle`` [h, w, 3] and ``middle_alpha`` [h, w] are the centre of the texture in its own resolution. ``lab`` is
    OKLab of ``rgb``, ``lowest`` and ``highest`` [H, W] are the least and the greatest of its channels.
    """

    rgb: Bytes
    alpha: Bytes
    visible: Flags
    lab: Floats
    lowest: Bytes
    highest: Bytes
    middle: Bytes
    middle_alpha: Bytes
    has_alpha: bool
    size: tuple[int, int]

    @classmethod
    def of(cls, image: DecodedImage) -> PixelView:
        rgb, alpha = _split(_shrunk(image.pixels))
        middle, middle_alpha = _split(_middle(image.pixels))
        return cls(
            rgb=rgb,
            alpha=alpha,
            visible=alpha >= VISIBLE_ALPHA,
            lab=oklab(rgb),
            lowest=np.minimum(np.minimum(rgb[..., 0], rgb[..., 1]), rgb[..., 2]),
            highest=np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2]),
            middle=middle,
            middle_alpha=middle_alpha,
            has_alpha=image.has_alpha,
            size=(image.height, image.width),
        )


def _split(pixels: Bytes) -> tuple[Bytes, Bytes]:
    alpha = pixels[..., 3] if pixels.shape[2] == 4 else np.full(pixels.shape[:2], 255, np.uint8)
    return pixels[..., :3], alpha


def _shrunk(pixels: Bytes) -> Bytes:
    height, width, bands = pixels.shape
    factor = LONGEST_SIDE / max(height, width)
    if factor >= 1:
        return pixels
    picture = pyvips.Image.new_from_memory(np.ascontiguousarray(pixels), width, height, bands, "uchar")
    if bands == 4:
        picture = picture.copy(interpretation="srgb").premultiply()
    target_width, target_height = max(1, round(width * factor)), max(1, round(height * factor))
    picture = picture.resize(target_width / width, vscale=target_height / height, kernel="linear")
    if bands == 4:
        picture = picture.unpremultiply().rint().cast("uchar")
    small: Bytes = np.asarray(picture.numpy())
    return small


def _middle(pixels: Bytes) -> Bytes:
    height, width = pixels.shape[:2]
    top, left = max(0, (height - _MIDDLE_SIDE) // 2), max(0, (width - _MIDDLE_SIDE) // 2)
    return pixels[top : top + _MIDDLE_SIDE, left : left + _MIDDLE_SIDE]
