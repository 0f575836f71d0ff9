"""OpenEXR files, read by the reference library: the colours of the first part, or what it has instead."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.files.tone import from_linear
from consumer.imaging.picture import ImageLimits, Picture, Samples

MAGIC: Final = b"\x76\x2f\x31\x01"
_MOST_CHANNELS: Final = 64


def read_exr(data: bytes, limits: ImageLimits) -> Picture:
    """Decode the file, its values taken as linear; raises ImageRejectedError."""
    try:
        import OpenEXR  # noqa: PLC0415 - an extra
    except ImportError:
        raise undecodable("is an OpenEXR file, which needs: pip install 'aegis-tagger[extract]'") from None
    header = _part(OpenEXR, data, header_only=True).header
    lowest, highest = header["dataWindow"]
    width, height = (int(high) - int(low) + 1 for low, high in zip(lowest, highest, strict=True))
    limits.check_size(width, height)
    count = len(header["channels"])
    if count > _MOST_CHANNELS:
        raise undecodable(f"is an OpenEXR file of {count} channels, and at most {_MOST_CHANNELS} are read")
    channels = {
        name: channel.pixels
        for name, channel in _part(OpenEXR, data, header_only=False).channels.items()
        if getattr(channel.pixels, "shape", None) == (height, width)
    }
    names = _chosen(channels)
    values = np.stack([channels[name].astype(np.float32) for name in names], axis=-1)
    return from_linear(_straight(values) if names[-1].rpartition(".")[2] == "A" and len(names) > 1 else values)


def _straight(values: Samples) -> Samples:
    """Divide colours by their alpha, with which OpenEXR keeps them multiplied.

    Light that is added, which has more colour than alpha, stays within white, and what nobody sees as it is.
    """
    colours, alpha = values[..., :-1], values[..., -1:]
    divided = colours / np.where(alpha > 0, alpha, np.float32(1))
    return np.concatenate([np.where(divided > 1, np.maximum(colours, 1), divided), alpha], axis=-1)


def _part(library: Any, data: bytes, *, header_only: bool) -> Any:
    # The library prints what is wrong with a part, and leaves it out.
    parts = library.File(io.BytesIO(data), separate_channels=True, header_only=header_only, num_threads=0).parts
    if not parts:
        raise undecodable("is damaged or cut short: the OpenEXR file has no part that can be read")
    return parts[0]


def _chosen(channels: Mapping[str, Samples]) -> list[str]:
    """Return the channels of the picture: colours with their alpha, brightness, or the first of all."""
    for prefix in sorted({name.rpartition(".")[0] for name in channels}, key=lambda prefix: (bool(prefix), prefix)):
        whole = [f"{prefix}.{band}" if prefix else band for band in "RGBA"]
        if all(name in channels for name in whole[:3]):
            return whole if whole[3] in channels else whole[:3]
    if "Y" in channels:
        return ["Y", "A"] if "A" in channels else ["Y"]
    if not channels:
        raise undecodable("is an OpenEXR file of deep or thinned-out channels, which are not read: save it flat")
    return [min(channels)]
