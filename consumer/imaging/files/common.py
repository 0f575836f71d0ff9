"""The image files of everybody, read by the fastest library that gives the right pixels."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageOps

from consumer.imaging.files.png import compares_wrongly, fast_png
from consumer.imaging.picture import Picture, Samples
from consumer.imaging.vips import pyvips, to_array

# libvips decodes these about 1.6 times as fast as Pillow, and gives the same pixels in these modes.
_FAST: Final = {("PNG", "RGB"), ("PNG", "RGBA"), ("JPEG", "RGB"), ("JPEG", "L"), ("WEBP", "RGB"), ("WEBP", "RGBA")}
# Some four times what models see: a JPEG that is left so large differs by a third of a grey level from one in full.
_ENOUGH_PIXELS: Final = 1024
_PCX_HEADER_BYTES, _PCX_PALETTE_AT, _PCX_COLOURS = 128, 68, 1
_PCX_PALETTE_BYTES, _PCX_PALETTE_MARK = 769, 12
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
        return _with_vips(data, header, shrink=False) if compares_wrongly(data, header) else None
    if (header.format, header.mode) not in _FAST:
        return None
    pixels = fast_png(data, header) if header.format == "PNG" else None
    return _with_vips(data, header, shrink=shrink) if pixels is None else Picture(pixels, header.mode)


def lost_palette(image: Image.Image, data: bytes) -> bool:
    """Tell whether the colours of a PCX are not there, which Pillow then takes for grey: they stand at its very end."""
    return image.format == "PCX" and image.mode == "L" and data[_PCX_PALETTE_AT] == _PCX_COLOURS and _is_cut(data)


def _is_cut(pcx: bytes) -> bool:
    return len(pcx) < _PCX_HEADER_BYTES + _PCX_PALETTE_BYTES or pcx[-_PCX_PALETTE_BYTES] != _PCX_PALETTE_MARK


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
