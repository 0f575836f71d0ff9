"""OpenEXR files, read by the reference library: the colours of the first part that has any, or what it has instead."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.files.light.primaries import in_srgb
from consumer.imaging.files.light.tone import from_linear
from consumer.imaging.picture import ImageLimits, Picture, Samples

MAGIC: Final = b"\x76\x2f\x31\x01"
_MOST_CHANNELS: Final = 64
# Red and blue beside the brightness, of which they are parts, and how bright red, green and blue are.
_CHROMA: Final = ("RY", "BY")
_BRIGHTNESS: Final = (0.2126, 0.7152, 0.0722)


def read_exr(data: bytes, limits: ImageLimits) -> Picture:
    """Decode the file, its values taken as linear; raises ImageRejectedError."""
    try:
        import OpenEXR  # noqa: PLC0415 - an extra
    except ImportError:
        raise undecodable("is an OpenEXR file, which needs: pip install 'aegis-tagger[extract]'") from None
    headers = [part.header for part in _parts(OpenEXR, data, header_only=True)]
    number = next((place for place, header in enumerate(headers) if _has_colours(header)), 0)
    header = headers[number]
    lowest, highest = header["dataWindow"]
    width, height = (int(high) - int(low) + 1 for low, high in zip(lowest, highest, strict=True))
    limits.check_size(width, height)
    count = sum(len(header["channels"]) for header in headers)
    if count > _MOST_CHANNELS:
        raise undecodable(f"is an OpenEXR file of {count} channels, and at most {_MOST_CHANNELS} are read")
    parts = _parts(OpenEXR, data, header_only=False)
    if number >= len(parts):
        raise undecodable("is damaged or cut short: a part of the OpenEXR file cannot be read")
    channels = {
        name: _as_large(channel.pixels, width, height)
        for name, channel in parts[number].channels.items()
        if getattr(channel.pixels, "ndim", 0) == 2
    }
    values = _straight(_values(channels))
    if values.shape[2] > 2 and "chromaticities" in header:
        values[..., :3] = in_srgb(values[..., :3], [float(number) for number in header["chromaticities"]])
    return from_linear(values)


def _has_colours(header: Mapping[str, Any]) -> bool:
    names = {channel.name.rpartition(".")[2] for channel in header["channels"]}
    return all(_called(band, names) for band in "RGB") or {"Y", *_CHROMA} <= names


def _called(band: str, names: Collection[str]) -> str | None:
    """Return the channel that is this band: some writers use small letters."""
    return next((name for name in (band, band.lower()) if name in names), None)


def _as_large(plane: Samples, width: int, height: int) -> Samples:
    """Return a channel of which there is one value for several pixels with a value for each."""
    down, across = (-(-size // max(have, 1)) for size, have in zip((height, width), plane.shape, strict=True))
    return plane.repeat(down, axis=0).repeat(across, axis=1)[:height, :width]


def _values(channels: Mapping[str, Samples]) -> Samples:
    """Return the picture that the channels are: colours with their alpha, brightness, or the first of all."""
    if {"Y", *_CHROMA} <= set(channels):
        bright, red, blue = (channels[name].astype(np.float32) for name in ("Y", *_CHROMA))
        red, blue = (red + 1) * bright, (blue + 1) * bright
        green = (bright - _BRIGHTNESS[0] * red - _BRIGHTNESS[2] * blue) / _BRIGHTNESS[1]
        planes = [red, green, blue, *([channels["A"]] if "A" in channels else [])]
    else:
        planes = [channels[name] for name in _chosen(channels)]
    values = np.stack([plane.astype(np.float32) for plane in planes], axis=-1)
    if values.shape[2] == 2 and "R" in channels:
        # Red and green alone are x and y, or two masks.
        return np.concatenate([values, np.zeros_like(values[..., :1])], axis=-1)
    return values


def _straight(values: Samples) -> Samples:
    """Divide colours by their alpha, with which OpenEXR keeps them multiplied.

    Light that is added, which has more colour than alpha, stays within white, and what nobody sees as it is.
    """
    if values.shape[2] not in {2, 4}:
        return values
    colours, alpha = values[..., :-1], values[..., -1:]
    divided = colours / np.where(alpha > 0, alpha, np.float32(1))
    return np.concatenate([np.where(divided > 1, np.maximum(colours, 1), divided), alpha], axis=-1)


def _parts(library: Any, data: bytes, *, header_only: bool) -> list[Any]:
    # The library prints what is wrong with a part, and leaves it out.
    parts = library.File(io.BytesIO(data), separate_channels=True, header_only=header_only, num_threads=0).parts
    if not parts:
        raise undecodable("is damaged or cut short: the OpenEXR file has no part that can be read")
    return list(parts)


def _chosen(channels: Mapping[str, Samples]) -> list[str]:
    """Return the channels of the picture: colours with their alpha, brightness, or the first of all."""
    for prefix in sorted({name.rpartition(".")[0] for name in channels}, key=lambda prefix: (bool(prefix), prefix)):
        names = {name.rpartition(".")[2]: name for name in channels if name.rpartition(".")[0] == prefix}
        whole = [called for band in "RGBA" if (called := _called(band, names))]
        if len(whole) >= 3 and "".join(whole[:3]).upper() == "RGB":
            return [names[band] for band in whole]
    if "Y" in channels:
        return ["Y", "A"] if "A" in channels else ["Y"]
    if set(channels) == {"R", "G"}:
        return ["R", "G"]
    if not channels:
        raise undecodable("is an OpenEXR file of deep channels, which are not read: save it flat")
    return [min(channels)]
