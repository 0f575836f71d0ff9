"""Bytes to pixels. The header is checked before anything is decoded; whatever is wrong ends as one error."""

from __future__ import annotations

import io
import sys
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from kornia_rs.io import decode_image_png_u8
from PIL import Image, ImageOps, UnidentifiedImageError

from consumer.tagging.errors import ImageRejectedError, Rejection
from consumer.tagging.vips import pyvips, to_array

Pixels = npt.NDArray[np.uint8]

FORMATS: Final = ("PNG", "JPEG", "WEBP", "DDS", "TGA", "BMP", "GIF", "PSD", "TIFF")
# libvips decodes these about 1.6 times as fast as Pillow, and gives the same pixels in these modes.
_FAST: Final = {("PNG", "RGB"), ("PNG", "RGBA"), ("JPEG", "RGB"), ("JPEG", "L"), ("WEBP", "RGB"), ("WEBP", "RGBA")}
_PNG_MODES: Final = {"RGB": "rgb", "RGBA": "rgba"}
# Some four times what models see: a JPEG that is left so large differs by a third of a grey level from one in full.
_ENOUGH_PIXELS: Final = 1024
_EXIF_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = 1
_FRAMES_LOOKED_AT: Final = 8

# Pillow's own limit would raise at a size of its choice; ours comes first.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What is decoded at all."""

    max_bytes: int = 64 * 1024 * 1024
    max_pixels: int = 8192 * 8192
    formats: tuple[str, ...] = FORMATS


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """Pixels as uint8 [H, W, 3] (RGB) or [H, W, 4] (RGBA, straight alpha), upright.

    ``mode`` is the file's own, as Pillow names it. ``full_size`` is (width, height) of a picture that was made smaller
    on its way here, None for all others.
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

    @property
    def uses_alpha(self) -> bool:
        """Whether any pixel is less than opaque; much of game art has an alpha channel and does not use it."""
        if not self.has_alpha:
            return False
        every = int(np.bitwise_and.reduce(np.ascontiguousarray(self.pixels).view(np.uint32), axis=None))
        return every.to_bytes(4, sys.byteorder)[3] != 255


def decode(data: bytes, limits: ImageLimits) -> DecodedImage:
    """Decode one picture, as a person would see it.

    Channels of more than 8 bits are scaled, palettes expanded, CMYK converted, EXIF orientation applied. Of an
    animation the first frame counts that shows anything.

    Raises:
        ImageRejectedError: no image, of a format that is not allowed, above a limit, or broken.

    """
    if len(data) > limits.max_bytes:
        raise ImageRejectedError(
            Rejection.TOO_MANY_BYTES, f"the image has {len(data)} bytes, at most {limits.max_bytes} are decoded"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(data, limits)
    except ImageRejectedError:
        raise
    except Exception as error:
        raise ImageRejectedError(
            Rejection.UNDECODABLE, f"the image cannot be decoded: {type(error).__name__}: {str(error)[:300]}"
        ) from error


def _decode(data: bytes, limits: ImageLimits) -> DecodedImage:
    with _open(data, limits) as image:
        width, height = image.size
        if width * height > limits.max_pixels:
            raise ImageRejectedError(
                Rejection.TOO_MANY_PIXELS,
                f"the image has {width} by {height} pixels, at most {limits.max_pixels} are decoded",
            )
        mode = image.mode
        still = not getattr(image, "is_animated", False)
        if still and (image.format, mode) in _FAST and "transparency" not in image.info and _is_upright(image, data):
            pixels = _png(data, image) if image.format == "PNG" else None
            return _with_vips(data, image) if pixels is None else DecodedImage(pixels, mode)
        return DecodedImage(_with_pillow(image) if still else _first_visible_frame(image), mode)


def _open(data: bytes, limits: ImageLimits) -> Image.Image:
    """Read the header alone."""
    try:
        # TGA has no magic bytes, so Pillow tries it last, and takes much for one that is none.
        return Image.open(io.BytesIO(data), formats=limits.formats)
    except UnidentifiedImageError:
        pass
    try:
        with Image.open(io.BytesIO(data)) as other:
            name = other.format
    except Exception as error:
        raise ImageRejectedError(
            Rejection.NOT_AN_IMAGE, f"the object is no image: it begins with {data[:8].hex(' ') or 'nothing'}"
        ) from error
    raise ImageRejectedError(
        Rejection.FORMAT_NOT_ALLOWED, f"images of format {name} are not decoded, only {', '.join(limits.formats)}"
    )


def _is_upright(image: Image.Image, data: bytes) -> bool:
    if image.format == "PNG" and b"eXIf" not in data:
        # getexif would decode a PNG's pixels to look for an EXIF chunk behind them.
        return True
    return int(image.getexif().get(_EXIF_ORIENTATION, _UPRIGHT)) == _UPRIGHT


def _png(data: bytes, header: Image.Image) -> Pixels | None:
    """Decode by Rust's png, twice as fast as libpng; None where it declines: 16 bits a channel, or broken."""
    width, height = header.size
    try:
        pixels: Pixels = decode_image_png_u8(data, (height, width), _PNG_MODES[header.mode])
    except BaseException as error:
        # A panic of Rust's is no Exception, and one picture must not end the process.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            return None
        raise
    return pixels


def _with_vips(data: bytes, header: Image.Image) -> DecodedImage:
    # fail_on: a truncated file is an error, as with Pillow, and not a picture with a grey half.
    options: dict[str, str | int] = {"access": "sequential", "fail_on": "truncated"}
    shrink = _shrink(header.size) if header.format == "JPEG" else 1
    if shrink > 1:
        options["shrink"] = shrink
    image = pyvips.Image.new_from_buffer(data, "", **options)
    if image.interpretation != "srgb":
        # Grey, or 16 bits a channel; Pillow names the mode of both as if they were 8-bit colour.
        image = image.colourspace("srgb")
    return DecodedImage(to_array(image), header.mode, full_size=header.size if shrink > 1 else None)


def _shrink(size: tuple[int, int]) -> int:
    """Return by how much a JPEG is made smaller while it is decoded, which its format allows by 2, 4 and 8."""
    longest, shortest = max(size), min(size)
    fitting = (by for by in (8, 4, 2) if longest // by >= _ENOUGH_PIXELS and shortest // by >= _ENOUGH_PIXELS // 2)
    return next(fitting, 1)


def _first_visible_frame(image: Image.Image) -> Pixels:
    """Return the first frame that is not all transparent, among the first few; the first where none is."""
    first = _with_pillow(image)
    frame, number = first, 0
    while frame.shape[2] == 4 and not frame[..., 3].any():
        number += 1
        if number >= min(getattr(image, "n_frames", 1), _FRAMES_LOOKED_AT):
            return first
        image.seek(number)
        frame = _with_pillow(image)
    return frame


def _with_pillow(image: Image.Image) -> Pixels:
    image.load()
    upright = ImageOps.exif_transpose(image)
    converted = _to_eight_bits(upright)
    has_alpha = converted.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in converted.info
    return np.asarray(converted.convert("RGBA" if has_alpha else "RGB"))


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale what has more than 8 bits a channel; Pillow's own conversion would clip it."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image).astype(np.uint32) // 257).astype(np.uint8))
    if image.mode == "I":
        return Image.fromarray((np.asarray(image).clip(0, 65535) // 257).astype(np.uint8))
    if image.mode == "F":
        values = np.nan_to_num(np.asarray(image), posinf=1.0, neginf=0.0)
        top = float(values.max(initial=0.0))
        return Image.fromarray((values.clip(0, None) / (max(1, top)) * 255).astype(np.uint8))
    return image
