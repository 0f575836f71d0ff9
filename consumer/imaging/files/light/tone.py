"""Linear light to levels of 8 bits: colour as sRGB, what exceeds 1 tone-mapped; data as they are."""

from __future__ import annotations

from typing import Final

import numpy as np

from consumer.imaging.picture import Picture, Samples

LOSS: Final = "8 bits as sRGB; values above 1 tone-mapped (Reinhard)"
_KEY: Final = 0.18
_BRIGHTNESS: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
_DIRECTIONS: Final = 0.95


def from_linear(values: Samples) -> Picture:
    """Return the picture of linear values, [H, W, bands] of grey, grey and alpha, RGB or RGBA.

    One band alone is a height or a roughness, and directions of length 1 are a normal map: both are data, clamped to
    0…1. Colours are sRGB. Where any exceeds 1, Reinhard's global operator maps them first: the picture's mean
    brightness becomes 18 %, its largest white.
    """
    finite = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=65504.0, neginf=0.0)
    bands = finite.shape[2]
    if bands == 1:
        return Picture((finite.clip(0, 1) * 65535 + np.float32(0.5)).astype(np.uint16), "I;16")
    colours, alpha = (finite[..., :-1], finite[..., -1:]) if bands in {2, 4} else (finite, None)
    if not (colours.shape[2] == 3 and _are_directions(colours)):
        colours = _as_srgb(_mapped(colours.clip(0, None)))
    whole = colours if alpha is None else np.concatenate([colours, alpha], axis=-1)
    return Picture((whole.clip(0, 1) * 255 + np.float32(0.5)).astype(np.uint8), ("L", "LA", "RGB", "RGBA")[bands - 1])


def _are_directions(colours: Samples) -> bool:
    if colours.min() < 0 or colours.max() > 1:
        return False
    length = np.sqrt((np.square(colours * 2 - 1)).sum(axis=-1))
    # Away from the surface: half of all directions are colours like any other.
    return bool(((np.abs(length - 1) < 0.05) & (colours[..., 2] >= 0.5)).mean() >= _DIRECTIONS)


def _mapped(colours: Samples) -> Samples:
    if colours.max(initial=0) <= 1:
        return colours
    bright = colours @ _BRIGHTNESS if colours.shape[2] == 3 else colours[..., 0]
    mean = float(np.exp(np.log(bright + np.float32(1e-6)).mean()))
    scaled = bright * np.float32(_KEY / mean)
    white = float(scaled.max())
    mapped = scaled * (1 + scaled / np.float32(white * white)) / (1 + scaled)
    shown: Samples = colours * (mapped / np.maximum(bright, np.float32(1e-12)))[..., None]
    return shown


def _as_srgb(linear: Samples) -> Samples:
    value = linear.clip(0, 1)
    levels: Samples = np.where(value <= 0.0031308, value * 12.92, 1.055 * np.power(value, 1 / 2.4) - 0.055)
    return levels
