"""What is done to real textures, and what the result is of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.findings.made_normals import bc1
from consumer.findings.relation import Relation

Variant = Callable[[Image.Image], Image.Image | None]
# Levels of 255: a margin of less contrast is padding, whoever put it there.
_PLAIN: Final = 6.0


@dataclass(frozen=True, slots=True)
class Change:
    """``make`` returns None for a texture of which it would make something else than ``expected``."""

    name: str
    expected: Relation
    make: Variant


def _resized(factor: float) -> Variant:
    return lambda image: image.resize(
        (max(1, round(image.width * factor)), max(1, round(image.height * factor))), Image.Resampling.BICUBIC
    )


def _mip(level: int) -> Variant:
    def made(image: Image.Image) -> Image.Image | None:
        size = image.width >> level, image.height >> level
        return image.resize(size, Image.Resampling.BOX) if min(size) >= 8 else None

    return made


def _with_alpha_of(image: Image.Image, colours: Image.Image) -> Image.Image:
    made = colours.convert("RGBA")
    made.putalpha(image.getchannel("A"))
    return made


def _jpeg(quality: int) -> Variant:
    def compressed(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.convert("RGB").save(file, "JPEG", quality=quality)
        return _with_alpha_of(image, Image.open(file))

    return compressed


def _bc1(image: Image.Image) -> Image.Image | None:
    """Return the colours after BC1, as BC3 stores them beside alpha; None where blocks of 4 by 4 do not fit."""
    if image.width % 4 or image.height % 4:
        return None
    return _with_alpha_of(image, Image.fromarray(bc1(np.asarray(image.convert("RGB")))))


def _turned(how: Image.Transpose) -> Variant:
    return lambda image: image.transpose(how)


def _hue(image: Image.Image) -> Image.Image | None:
    """Return the image in other colours; None where it has hardly any."""
    hue, *others = image.convert("RGB").convert("HSV").split()
    turned = Image.merge("HSV", (hue.point([(level + 70) % 256 for level in range(256)]), *others))
    made = _with_alpha_of(image, turned.convert("RGB"))
    seen = [np.asarray(picture.convert("RGBa"), np.float32) for picture in (image, made)]
    return made if float(np.sqrt(np.square(seen[0] - seen[1]).mean())) >= _PLAIN else None


def _opaque(image: Image.Image) -> Image.Image:
    return image.convert("RGB").convert("RGBA")


def _cropped(left: float, top: float, right: float, bottom: float) -> Variant:
    """Return what lies between these shares of the sides; None where around it is nothing, or in it nothing."""

    def made(image: Image.Image) -> Image.Image | None:
        width, height = image.size
        box = round(left * width), round(top * height), round(right * width), round(bottom * height)
        around = np.ones((height, width), bool)
        around[box[1] : box[3], box[0] : box[2]] = False
        part = image.crop(box)
        seen = [np.asarray(picture.convert("RGBa"), np.float32) for picture in (image, part)]
        contrasts = [float(pixels.std(axis=0).max()) for pixels in (seen[0][around], seen[1].reshape(-1, 4))]
        return part if min(contrasts) >= _PLAIN else None

    return made


def _padded(colour: tuple[int, int, int, int]) -> Variant:
    """Return the texture in the corner of the next power of two, as engines pad it."""

    def made(image: Image.Image) -> Image.Image | None:
        canvas = Image.new("RGBA", (_power(image.width), _power(image.height)), colour)
        canvas.paste(image)
        return canvas

    return made


def _power(side: int) -> int:
    """Return the next power of two that leaves room."""
    return 1 << (side + 1).bit_length()


def _guttered(image: Image.Image) -> Image.Image:
    """Return the texture with its edge drawn out, as atlases do."""
    return Image.fromarray(np.pad(np.asarray(image), ((9, 7), (6, 11), (0, 0)), mode="edge"))


def changes() -> Iterator[Change]:
    """Yield all of them."""
    for factor in (0.3, 0.7, 1.5):
        yield Change(f"resized_{factor}", Relation.RESIZED, _resized(factor))
    yield Change("mip_1", Relation.MIP_OF, _mip(1))
    yield Change("mip_2", Relation.MIP_OF, _mip(2))
    for quality in (60, 90):
        yield Change(f"jpeg_{quality}", Relation.RECOMPRESSED, _jpeg(quality))
    yield Change("bc1", Relation.RECOMPRESSED, _bc1)
    yield Change("mirrored", Relation.FLIPPED, _turned(Image.Transpose.FLIP_LEFT_RIGHT))
    yield Change("upside_down", Relation.FLIPPED, _turned(Image.Transpose.FLIP_TOP_BOTTOM))
    yield Change("rotated", Relation.ROTATED, _turned(Image.Transpose.ROTATE_90))
    yield Change("hue", Relation.RECOLOURED, _hue)
    yield Change("opaque", Relation.ALPHA_DIFFERS, _opaque)
    yield Change("cropped_80", Relation.CROPPED, _cropped(0.07, 0.12, 0.91, 0.97))
    yield Change("cropped_50", Relation.CROPPED, _cropped(0.21, 0.13, 0.92, 0.84))
    yield Change("cropped_wide", Relation.CROPPED, _cropped(0, 0.22, 1, 0.87))
    yield Change("padded_clear", Relation.PADDED, _padded((0, 0, 0, 0)))
    yield Change("padded_black", Relation.PADDED, _padded((0, 0, 0, 255)))
    yield Change("guttered", Relation.PADDED, _guttered)
