"""One picture as the tests on pixels see it: of bounded size, with what is visible told from what is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from consumer.imaging.picture import DecodedImage
from consumer.imaging.whole_pixels import every

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

# A statistic must not depend on how large a texture was made, so that large ones are shrunk to this first.
LONGEST_SIDE: Final = 64
# What neighbours have to do with each other is lost by shrinking; it is looked at in a cut-out of this size.
_MIDDLE_SIDE: Final = 64
_SAMPLES_ACROSS: Final = 4
VISIBLE_ALPHA: Final = 128
UNPAINTED: Final = 12

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


def oklab(planes: Bytes) -> Floats:
    """Return OKLab (lightness, a, b), float32 [3, N], of sRGB [3, N]: equal distances look about equally different.

    Björn Ottosson, "A perceptual color space for image processing", 2020.
    """
    lab: Floats = _LMS_TO_LAB @ np.cbrt(_RGB_TO_LMS @ _LINEAR.take(planes))
    return lab


@dataclass(frozen=True)
class PixelView:
    """The texture shrunk to ``shape`` (H, W), no side above LONGEST_SIDE; ``size`` is its own (height, width).

    ``planes`` uint8 [3, H * W] are its colours, ``lab`` float32 [3, H * W] the same in OKLab: a channel lies in one
    piece, which is what numpy is fast on. ``lowest`` and ``highest`` [H * W] are the least and the greatest channel.
    ``alpha`` [H, W] is 255 where there is none; ``visible`` [H, W] has a colour.

    ``middle`` [h, w, 3] and ``middle_alpha`` [h, w] are the centre of the texture in its own resolution.
    """

    planes: Bytes
    alpha: Bytes
    visible: Flags
    lab: Floats
    lowest: Bytes
    highest: Bytes
    middle: Bytes
    middle_alpha: Bytes
    has_alpha: bool
    shape: tuple[int, int]
    size: tuple[int, int]
    _judged: dict[Callable[[PixelView], float], float] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, image: DecodedImage) -> PixelView:
        rgb, alpha = _split(_shrunk(image))
        middle, middle_alpha = _split(_middle(image.pixels))
        planes = np.ascontiguousarray(rgb.reshape(-1, 3).T)
        return cls(
            planes=planes,
            alpha=alpha,
            visible=alpha >= VISIBLE_ALPHA,
            lab=oklab(planes),
            lowest=planes.min(axis=0),
            highest=planes.max(axis=0),
            middle=middle,
            middle_alpha=middle_alpha,
            has_alpha=image.has_alpha,
            shape=(alpha.shape[0], alpha.shape[1]),
            size=(image.height, image.width),
        )

    @cached_property
    def lightness(self) -> Floats:
        """OKLab lightness, [H, W]."""
        lightness: Floats = self.lab[0].reshape(self.shape)
        return lightness

    @cached_property
    def all_visible(self) -> bool:
        return bool(self.visible.all())

    @cached_property
    def shown_lab(self) -> Floats:
        """OKLab of the visible pixels, float32 [3, N]."""
        return self.lab if self.all_visible else self.lab[:, self.visible.reshape(-1)]

    @cached_property
    def shown_chroma(self) -> Floats:
        """OKLab chroma of the visible pixels, [N]."""
        return chroma_of(self.shown_lab)

    @cached_property
    def lightness_spread(self) -> tuple[float, float, float]:
        """OKLab lightness that 5, 50 and 95 of 100 visible pixels do not exceed."""
        low, middle, high = percentiles(self.shown_lab[0], (5, 50, 95))
        return low, middle, high

    @cached_property
    def painted(self) -> Flags:
        """Tells by pixel, [H * W], what is more than the black that unwrapped textures leave between their islands."""
        return self.highest > UNPAINTED

    @cached_property
    def painted_planes(self) -> Floats:
        """``planes`` of the painted pixels, float32 [3, N]."""
        return (self.planes if self.painted.all() else self.planes[:, self.painted]).astype(np.float32)

    def once(self, judge: Callable[[PixelView], float]) -> float:
        """Return what ``judge`` says of this view, asked once."""
        if judge not in self._judged:
            self._judged[judge] = judge(self)
        return self._judged[judge]

    @cached_property
    def directions(self) -> Floats:
        """Painted colours as directions, as normal maps mean them: float32 [3, N], each of -1 to 1."""
        directions: Floats = self.painted_planes * np.float32(1 / 127.5) - np.float32(1)
        return directions

    @cached_property
    def squared_lengths(self) -> Floats:
        """Those of the directions, [N]."""
        x, y, z = self.directions
        lengths: Floats = x * x + y * y + z * z
        return lengths

    @cached_property
    def lean(self) -> tuple[float, float, float]:
        """The mean direction: x, y, z."""
        x, y, z = (np.add.reduce(self.directions, axis=1) / np.float32(self.directions.shape[1])).tolist()
        return x, y, z


def chroma_of(lab: Floats) -> Floats:
    """Return the OKLab chroma, [N], of OKLab [3, N]."""
    chroma: Floats = np.sqrt(lab[1] * lab[1] + lab[2] * lab[2])
    return chroma


def share(flags: Flags) -> float:
    """Return how much of it is true; faster than the mean of flags."""
    return float(np.count_nonzero(flags) / flags.size)


def mean(values: npt.NDArray[Any]) -> float:
    """Return the mean of all values; of a few thousand in a fraction of `np.mean`'s time."""
    return float(np.add.reduce(values, axis=None)) / values.size


def percentiles(values: npt.NDArray[Any], wanted: tuple[float, ...]) -> list[float]:
    """Return what `np.percentile` does, in a fraction of its time where the values are few."""
    ordered = np.sort(values, axis=None)
    last = ordered.size - 1
    levels = []
    for percent in wanted:
        place = last * percent / 100
        first = int(place)
        low, high = float(ordered[first]), float(ordered[min(first + 1, last)])
        levels.append(low + (high - low) * (place - first))
    return levels


def _split(pixels: Bytes) -> tuple[Bytes, Bytes]:
    alpha = pixels[..., 3] if pixels.shape[2] == 4 else np.full(pixels.shape[:2], 255, np.uint8)
    return pixels[..., :3], alpha


def _shrunk(image: DecodedImage) -> Bytes:
    height, width = image.pixels.shape[:2]
    longest, shortest = max(height, width), min(height, width)
    if longest <= LONGEST_SIDE:
        return image.pixels
    # Of large blocks every so many pixels say enough: at least four by four remain of each.
    picture = Image.fromarray(every(max(1, longest // LONGEST_SIDE // _SAMPLES_ACROSS), image.pixels))
    height, width = picture.height, picture.width
    longest, shortest = max(height, width), min(height, width)
    blended = image.uses_alpha
    if blended:
        picture = picture.convert("RGBa")
    # Blocks of whole pixels first: their mean is exact, and cheap for most of the way.
    if (block := min(longest // LONGEST_SIDE, shortest)) > 1:
        picture = picture.reduce(block)
    factor = LONGEST_SIDE / longest
    size = max(1, round(width * factor)), max(1, round(height * factor))
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    small: Bytes = np.asarray(picture.convert("RGBA")) if blended else np.asarray(picture)[..., :3]
    return small


def _middle(pixels: Bytes) -> Bytes:
    height, width = pixels.shape[:2]
    top, left = max(0, (height - _MIDDLE_SIDE) // 2), max(0, (width - _MIDDLE_SIDE) // 2)
    return pixels[top : top + _MIDDLE_SIDE, left : left + _MIDDLE_SIDE]
