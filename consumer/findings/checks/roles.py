"""What a texture is used for, against how it is stored and what it is called."""

from __future__ import annotations

from typing import Final

import numpy as np

from consumer.findings.check import Check, Severity
from consumer.findings.names import COLOUR_WORDS, DATA_WORDS, NORMAL_WORDS
from consumer.findings.normals_view import NormalsView
from consumer.findings.texture import Texture, share

_SRGB: Final = "srgb"
_STANDS_OUT: Final = 16


def _normal_as_srgb(texture: Texture, _: float) -> float | None:
    if texture.facts.color_space != _SRGB:
        return None
    return 1.0 if texture.facts.usage == "normal_map" or texture.view(NormalsView).layout else None


def _data_as_srgb(texture: Texture, _: float) -> float | None:
    if texture.facts.color_space != _SRGB or texture.facts.usage == "normal_map" or texture.words & COLOUR_WORDS:
        return None
    return 1.0 if texture.facts.usage == "single_channel" or texture.words & DATA_WORDS else None


def _not_normal(texture: Texture, limit: float) -> float | None:
    """Return the share of pixels in which blue stands out, as in directions."""
    if not texture.words & NORMAL_WORDS or texture.words & (COLOUR_WORDS | DATA_WORDS):
        return None
    if texture.height * texture.width < 256 or texture.view(NormalsView).layout or texture.facts.usage == "normal_map":
        return None
    if texture.bands < 3:
        return 0.0
    pixels = texture.scattered
    # x in alpha and y in green, as DXT5nm has it: red is empty, or the same as green.
    if texture.uses_alpha and (int(np.ptp(pixels[..., 0])) == 0 or np.array_equal(pixels[..., 0], pixels[..., 1])):
        return None
    red, green, blue = (pixels[..., band].astype(np.int16) for band in range(3))
    if int(np.ptp(blue)) <= 2:
        return None
    strongest = share((blue > red + _STANDS_OUT) & (blue > green + _STANDS_OUT))
    return strongest if strongest <= limit else None


def _normal_called_colour(texture: Texture, _: float) -> float | None:
    called = texture.words & COLOUR_WORDS and not texture.words & NORMAL_WORDS
    return 1.0 if called and texture.view(NormalsView).layout else None


ROLES: Final = (
    Check(
        "AEG311",
        "normal-as-srgb",
        Severity.WARNING,
        "1 where it is so",
        "The file says that its colours are sRGB: the hardware bends the directions before the shader sees them.",
        "Mark the texture as linear (no sRGB), or as a normal map in the engine.",
        _normal_as_srgb,
    ),
    Check(
        "AEG312",
        "data-as-srgb",
        Severity.WARNING,
        "1 where it is so",
        "Masks, roughness and heights are numbers: read as sRGB they come out darker than they were painted.",
        "Mark the texture as linear (no sRGB).",
        _data_as_srgb,
    ),
    Check(
        "AEG313",
        "name-says-normal",
        Severity.WARNING,
        "share of pixels in which blue stands out",
        "It is called a normal map, and its pixels are no directions: materials that are put together by names show "
        "wrong light.",
        "Rename it, or put the right picture in its place.",
        _not_normal,
        0.5,
        "share of pixels in which blue may stand out",
    ),
    Check(
        "AEG314",
        "normal-called-colour",
        Severity.WARNING,
        "1 where it is so",
        "It is called a colour map, and its pixels are the directions of a normal map.",
        "Rename it, or put the right picture in its place.",
        _normal_called_colour,
    ),
)
