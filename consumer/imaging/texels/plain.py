"""Texels whose channels are whole numbers or floats of 8, 16 or 32 bits, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from consumer.imaging.picture import Samples, to_eight_bits
from consumer.imaging.texels.texel_format import TexelFormat

_READER: Final = "numpy"


@dataclass(frozen=True, slots=True)
class Number:
    """How a channel is stored; ``eight`` and ``sixteen`` give its values as levels of 8 and 16 bits.

    What lies outside 0 to 1 (signed: -1 to 1) is clamped; -1 becomes 0, and 0 the middle, as in normal maps.
    """

    dtype: str
    eight: Callable[[Samples], Samples]
    sixteen: Callable[[Samples], Samples] | None = None
    loss: str = ""
    signed: bool = False


def _unit(values: Samples) -> Samples:
    return np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)


def _signed(values: Samples, most: int) -> Samples:
    return (values.astype(np.float32).clip(-most, most) + most) / (2 * most)


def _levels(of: Callable[[Samples], Samples], most: int) -> Callable[[Samples], Samples]:
    dtype = np.uint8 if most == 255 else np.uint16

    def levels(values: Samples) -> Samples:
        return (of(values) * most + np.float32(0.5)).astype(dtype)

    return levels


def _as_is(values: Samples) -> Samples:
    return values


_FLOAT_LOSS: Final = "clamped to 0…1, 8 bits (grey: 16)"
NUMBERS: Final[Mapping[str, Number]] = {
    "u8": Number("u1", _as_is),
    "u16": Number("<u2", to_eight_bits, _as_is, "8 bits (grey: 16)"),
    "s8": Number("i1", _levels(partial(_signed, most=127), 255), signed=True),
    "s16": Number(
        "<i2",
        _levels(partial(_signed, most=32767), 255),
        _levels(partial(_signed, most=32767), 65535),
        "8 bits (grey: 16)",
        signed=True,
    ),
    "f16": Number("<f2", _levels(_unit, 255), _levels(_unit, 65535), _FLOAT_LOSS),
    "f32": Number("<f4", _levels(_unit, 255), _levels(_unit, 65535), _FLOAT_LOSS),
}


def plain(name: str, channels: str, number: str) -> TexelFormat:
    """Return the format with these channels in the order in which they lie in memory; ``x`` is no channel.

    One channel is a grey picture, whichever it is: a height map is the same in R8, A8 and L8.
    """
    stored = NUMBERS[number]
    texel_bytes = len(channels) * np.dtype(stored.dtype).itemsize

    def unpack(data: bytes, width: int, height: int) -> Samples:
        values = np.frombuffer(data, stored.dtype).reshape(height, width, len(channels))
        meant = channels.replace("x", "")
        convert = stored.sixteen if len(meant) == 1 and stored.sixteen else stored.eight
        planes = {channel: convert(values[..., channels.index(channel)]) for channel in meant}
        return arranged(planes, height, width, middle=128 if stored.signed else 0)

    def size_bytes(width: int, height: int) -> int:
        return width * height * texel_bytes

    return TexelFormat(name, mode_of(channels, stored.sixteen is not None), unpack, size_bytes, _READER, stored.loss)


def arranged(planes: Mapping[str, Samples], height: int, width: int, *, middle: int = 0) -> Samples:
    """Return the planes, each [height, width], as one picture; a channel that is not there is ``middle``."""
    if len(planes) == 1:
        return np.ascontiguousarray(next(iter(planes.values()))).reshape(height, width, 1)
    if set(planes) == {"l", "a"}:
        return np.stack([planes["l"], planes["a"]], axis=-1)
    wanted = "rgba" if "a" in planes else "rgb"
    picture = np.empty((height, width, len(wanted)), np.uint8)
    for place, channel in enumerate(wanted):
        picture[..., place] = planes.get(channel, middle)
    return picture


def mode_of(channels: str, deep: bool) -> str:
    """Return what Pillow calls a picture of these channels."""
    meant = set(channels) - {"x"}
    if len(meant) == 1:
        return "I;16" if deep else "L"
    if meant == {"l", "a"}:
        return "LA"
    return "RGBA" if "a" in meant else "RGB"
