"""Texels of video: brightness for each pixel, colour for each or for every second one, and red or blue in turns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from consumer.imaging.picture import Samples
from consumer.imaging.texels.texel_format import TexelFormat

_READER: Final = "numpy"
# BT.601 of limited range, as Microsoft's pages on 8-bit YUV have it.
_TO_RGB: Final = np.array(
    [[1.164383, 0, 1.596027], [1.164383, -0.391762, -0.812968], [1.164383, 2.017232, 0]], np.float32
)
_BLACK: Final = np.array([16, 128, 128], np.float32)


def _rgb(bright: Samples, blue: Samples, red: Samples, bits: int = 8) -> Samples:
    values = np.stack([bright, blue, red], axis=-1).astype(np.float32) / np.float32(1 << (bits - 8)) - _BLACK
    return ((values @ _TO_RGB.T).clip(0, 255) + np.float32(0.5)).astype(np.uint8)


def _twice(values: Samples, width: int) -> Samples:
    return values.repeat(2, axis=1)[:, :width]


def _in_pairs(
    data: bytes, width: int, height: int, *, order: str, dtype: str = "u1", video: bool = True, bits: int = 8
) -> Samples:
    """Unpack two pixels of four values: ``order`` tells which are ``y`` (twice), ``u`` and ``v``."""
    values = np.frombuffer(data, dtype).reshape(height, -1, 4)
    if dtype != "u1" and bits < 16:
        values = values >> (16 - bits)
    places = [place for place, name in enumerate(order) if name == "y"]
    bright = values[..., places].reshape(height, -1)[:, :width]
    blue, red = (_twice(values[..., order.index(name)], width) for name in "uv")
    return _rgb(bright, blue, red, bits) if video else np.stack([blue, bright, red], axis=-1)


def _two_planes(data: bytes, width: int, height: int, *, dtype: str = "u1", bits: int = 8) -> Samples:
    values = np.frombuffer(data, dtype)
    if dtype != "u1" and bits < 16:
        values = values >> (16 - bits)
    bright = values[: width * height].reshape(height, width)
    half = values[width * height :].reshape(-(-height // 2), -(-width // 2), 2).repeat(2, axis=0)[:height]
    blue, red = (_twice(half[..., place], width) for place in (0, 1))
    return _rgb(bright, blue, red, bits)


def _whole(data: bytes, width: int, height: int, *, kind: str) -> Samples:
    if kind == "Y410":
        words = np.frombuffer(data, "<u4").reshape(height, width)
        bright, blue, red = (words >> shift & 0x3FF for shift in (10, 0, 20))
        return np.dstack([_rgb(bright, blue, red, 10), ((words >> 30) * 85).astype(np.uint8)])
    if kind == "Y416":
        deep = np.frombuffer(data, "<u2").reshape(height, width, 4)
        return np.dstack([_rgb(deep[..., 1], deep[..., 0], deep[..., 2], 16), (deep[..., 3] >> 8).astype(np.uint8)])
    values = np.frombuffer(data, np.uint8).reshape(height, width, 4)
    return np.dstack([_rgb(values[..., 2], values[..., 1], values[..., 0]), values[..., 3]])


def _format(
    name: str, unpack: Callable[[bytes, int, int], Samples], size: Callable[[int, int], int], mode: str = "RGB"
) -> TexelFormat:
    return TexelFormat(name, mode, unpack, size, _READER, "8 bits" if name[0] in "YP" and name[-1] in "06" else "")


def _pairs(sample_bytes: int) -> Callable[[int, int], int]:
    return lambda width, height: -(-width // 2) * height * 4 * sample_bytes


def _planes(sample_bytes: int) -> Callable[[int, int], int]:
    return lambda width, height: (width * height + -(-width // 2) * -(-height // 2) * 2) * sample_bytes


RGBG: Final = _format("R8G8_B8G8", partial(_in_pairs, order="uyvy", video=False), _pairs(1))
GRGB: Final = _format("G8R8_G8B8", partial(_in_pairs, order="yuyv", video=False), _pairs(1))
UYVY: Final = _format("UYVY", partial(_in_pairs, order="uyvy"), _pairs(1))
YUY2: Final = _format("YUY2", partial(_in_pairs, order="yuyv"), _pairs(1))
Y210: Final = _format("Y210", partial(_in_pairs, order="yuyv", dtype="<u2", bits=10), _pairs(2))
Y216: Final = _format("Y216", partial(_in_pairs, order="yuyv", dtype="<u2", bits=16), _pairs(2))
NV12: Final = _format("NV12", _two_planes, _planes(1))
P010: Final = _format("P010", partial(_two_planes, dtype="<u2", bits=10), _planes(2))
P016: Final = _format("P016", partial(_two_planes, dtype="<u2", bits=16), _planes(2))
AYUV: Final = _format("AYUV", partial(_whole, kind="AYUV"), lambda w, h: w * h * 4, "RGBA")
Y410: Final = _format("Y410", partial(_whole, kind="Y410"), lambda w, h: w * h * 4, "RGBA")
Y416: Final = _format("Y416", partial(_whole, kind="Y416"), lambda w, h: w * h * 8, "RGBA")
