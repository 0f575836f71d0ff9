"""From pixels of any size to the square the model sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from consumer.imaging.picture import DecodedImage
from consumer.imaging.vips import pyvips, to_array

Colour = tuple[int, int, int]
_ENLARGED_BY_NEAREST = 2.0
_MOST_IN_ONE = 400
_KERNELS = {"bicubic": "cubic", "bilinear": "linear"}


class InputSpec(Protocol):
    """What a bundle says of its input."""

    @property
    def size(self) -> int: ...
    @property
    def ground(self) -> Colour: ...
    @property
    def fit(self) -> Literal["pad", "crop"]: ...
    @property
    def interpolation(self) -> Literal["bicubic", "bilinear"]: ...


@dataclass(frozen=True, slots=True)
class PreprocessSpec:
    """``size`` in pixels; ``ground`` is the RGB behind transparency and beside what is not square.

    ``pad`` shows the whole texture, as sprites want; ``crop`` is open_clip's own rule: the shortest side is resized,
    the centre is cut out.
    """

    size: int
    ground: Colour
    fit: Literal["pad", "crop"] = "pad"
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"

    @classmethod
    def of(cls, image: InputSpec) -> Self:
        return cls(size=image.size, ground=image.ground, fit=image.fit, interpolation=image.interpolation)


def prepare(image: DecodedImage, spec: PreprocessSpec) -> npt.NDArray[np.uint8]:
    """Return uint8 [size, size, 3].

    Alpha is composited on the ground, never dropped. Art that must grow at least twofold is enlarged by nearest
    neighbour, which keeps pixel art crisp; everything else is resized
    by the antialiased kernel that the model was trained with.
    """
    picture = _flat(image, spec.ground)
    longest, shortest = max(picture.width, picture.height), min(picture.width, picture.height)
    scale = spec.size / (longest if spec.fit == "pad" else shortest)
    resized = _resized(picture, scale, _KERNELS[spec.interpolation])
    if resized.width == resized.height == spec.size:
        return to_array(resized)
    placed = (
        resized.gravity("centre", spec.size, spec.size, extend="background", background=list(spec.ground))
        if spec.fit == "pad"
        else _centre_crop(resized, spec.size)
    )
    return to_array(placed)


def _flat(image: DecodedImage, ground: Colour) -> Any:
    pixels = _composited(image.pixels, ground) if image.uses_alpha else image.pixels
    height, width, bands = pixels.shape
    picture = pyvips.Image.new_from_memory(np.ascontiguousarray(pixels), width, height, bands, "uchar")
    return picture if bands == 3 else picture.extract_band(0, n=3)


def _composited(pixels: npt.NDArray[np.uint8], ground: Colour) -> npt.NDArray[np.uint8]:
    # Pillow takes half the time of vips for it.
    picture = Image.fromarray(pixels)
    flat = Image.new("RGB", picture.size, ground)
    flat.paste(picture, mask=picture)
    return np.asarray(flat)


def _resized(picture: Any, scale: float, kernel: str) -> Any:
    if scale == 1:
        return picture
    width, height = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(
        width / picture.width,
        vscale=height / picture.height,
        kernel="nearest" if scale >= _ENLARGED_BY_NEAREST else kernel,
        # No averaging of blocks first, as vips does by default: that is another filter, and saves no time on bytes.
        # The kernel alone takes no more than 500 pixels into one, though.
        gap=0 if max(picture.width / width, picture.height / height) < _MOST_IN_ONE else 2,
    )


def _centre_crop(picture: Any, size: int) -> Any:
    # torchvision's CenterCrop rounds half to even.
    return picture.crop(round((picture.width - size) / 2), round((picture.height - size) / 2), size, size)
