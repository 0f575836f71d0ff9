"""The image files of everybody, read by the fastest library that gives the right pixels."""

from __future__ import annotations

from typing import Final

import numpy as np
from kornia_rs.io import decode_image_png_u8
from PIL import Image, ImageOps

from consumer.imaging.picture import ImageLimits, Picture, Pixels, Samples
from consumer.imaging.vips import pyvips, to_array

# libvips decodes these about 1.6 times as fast as Pillow, and gives the same pixels in these modes.
_FAST: Final = {("PNG", "RGB"), ("PNG", "RGBA"), ("JPEG", "RGB"), ("JPEG", "L"), ("WEBP", "RGB"), ("WEBP", "RGBA")}
_PNG_MODES: Final = {"RGB": "rgb", "RGBA": "rgba"}
_PNG_DEPTH_AT: Final = 24
# Some four times what models see: a JPEG that is left so large differs by a third of a grey level from one in full.
_ENOUGH_PIXELS: Final = 1024
_EXIF_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = 1
_FRAMES_LOOKED_AT: Final = 8


def is_upright(image: Image.Image, data: bytes) -> bool:
    if image.format == "PNG" and b"eXIf" not in data:
        # getexif would decode a PNG's pixels to look for an EXIF chunk behind them.
        return True
    return int(image.getexif().get(_EXIF_ORIENTATION, _UPRIGHT)) == _UPRIGHT


def read_fast(data: bytes, header: Image.Image, *, shrink: bool) -> Picture | None:
    """Decode an upright still picture without Pillow; None for those that only Pillow gets right."""
    if "transparency" in header.info:
        # A colour of 16 bits that means transparent: Pillow compares it with what it cut down to 8.
        deep = header.format == "PNG" and data[_PNG_DEPTH_AT] == 16
        return _with_vips(data, header, shrink=False) if deep else None
    if (header.format, header.mode) not in _FAST:
        return None
    pixels = _png(data, header) if header.format == "PNG" else None
    return _with_vips(data, header, shrink=shrink) if pixels is None else Picture(pixels, header.mode)


def deep_tiff(data: bytes, limits: ImageLimits) -> Picture | None:
    """Decode a TIFF of floats in colour, which Pillow does not know, clamped to 0…1; None for all else."""
    if not data.startswith((b"II*\0", b"MM\0*")):
        return None
    try:
        image = pyvips.Image.new_from_buffer(data, "", access="sequential", fail_on="truncated")
    except pyvips.Error:
        return None
    limits.check_size(image.width, image.height)
    if image.format not in {"float", "double"} or image.bands not in {3, 4}:
        return None
    values = np.nan_to_num(np.asarray(image.numpy(), np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    return Picture((values.clip(0, 1) * 255 + np.float32(0.5)).astype(np.uint8), ("RGB", "RGBA")[image.bands - 3])


def first_visible_frame(image: Image.Image) -> Samples:
    """Return the first frame that is not all transparent, among the first few; the first where none is."""
    first = with_pillow(image)
    frame, number = first, 0
    while frame.shape[2] in {2, 4} and not frame[..., -1].any():
        number += 1
        if number >= min(getattr(image, "n_frames", 1), _FRAMES_LOOKED_AT):
            return first
        image.seek(number)
        frame = with_pillow(image)
    return frame


def with_pillow(image: Image.Image) -> Samples:
    """Decode, and turn upright."""
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode in {"I", "F"} or upright.mode.startswith("I;16"):
        return _deep_grey(upright)
    if upright.mode == "LA" or upright.has_transparency_data:
        return np.asarray(upright if upright.mode == "LA" else upright.convert("RGBA"))
    if upright.mode in {"1", "L"}:
        return np.asarray(upright.convert("L"))[..., None]
    return np.asarray(upright.convert("RGB"))


def _deep_grey(image: Image.Image) -> Samples:
    """Return grey of more than 8 bits as 16; Pillow's own conversion would clip it, or mistake its byte order."""
    values = np.asarray(image)
    if image.mode == "F":
        values = np.nan_to_num(values, posinf=1.0, neginf=0.0).clip(0, None)
        values = values / max(1.0, float(values.max(initial=0.0))) * 65535
    return values.clip(0, 65535).astype(np.uint16)[..., None]


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


def _with_vips(data: bytes, header: Image.Image, *, shrink: bool) -> Picture:
    # fail_on: a truncated file is an error, as with Pillow, and not a picture with a grey half.
    options: dict[str, str | int] = {"access": "sequential", "fail_on": "truncated"}
    factor = _shrink(header.size) if shrink and header.format == "JPEG" else 1
    if factor > 1:
        options["shrink"] = factor
    image = pyvips.Image.new_from_buffer(data, "", **options)
    if image.interpretation not in {"srgb", "b-w"}:
        # 16 bits a channel; Pillow names the mode of such files as if it were 8-bit colour.
        image = image.colourspace("srgb")
    return Picture(to_array(image), header.mode, full_size=header.size if factor > 1 else None)


def _shrink(size: tuple[int, int]) -> int:
    """Return by how much a JPEG is made smaller while it is decoded, which its format allows by 2, 4 and 8."""
    longest, shortest = max(size), min(size)
    fitting = (by for by in (8, 4, 2) if longest // by >= _ENOUGH_PIXELS and shortest // by >= _ENOUGH_PIXELS // 2)
    return next(fitting, 1)
