"""Alpha channels: not used, hardly used, or in the colours already."""

from __future__ import annotations

from typing import Final

import numpy as np

from consumer.findings.check import Check, Severity
from consumer.findings.texture import Bytes, Texture, share

_NEARLY: Final = 8
_FEWEST: Final = 64
_TOLERANCE: Final = np.uint8(2)
_BRIGHT: Final = 0.7
_NEARLY_OPAQUE: Final = 240
_LEAST_SPREAD: Final = 16.0
_LEAST_CORRELATION: Final = 0.7


def _unused(texture: Texture, _: float) -> float | None:
    return 255.0 if texture.has_alpha and not texture.uses_alpha and not _is_free(texture) else None


def _is_free(texture: Texture) -> bool:
    """Tell formats in which alpha takes no room of its own."""
    return (texture.facts.format or "").upper().startswith(("BC1", "DXT1", "BC7", "ASTC"))


def _constant(texture: Texture, _: float) -> float | None:
    if not texture.uses_alpha or texture.is_transparent:
        return None
    first = int(texture.scattered[0, 0, -1])
    if first in {0, 255} or (texture.scattered[..., -1] != first).any():
        return None
    return float(first) if (texture.eight[..., -1] == first).all() else None


def _transparent(texture: Texture, _: float) -> float | None:
    return 0.0 if texture.is_transparent else None


def _nearly_binary(texture: Texture, limit: float) -> float | None:
    """Return the share of pixels between clear and opaque, of those at edges."""
    if not texture.uses_alpha or texture.is_transparent or texture.is_pixel_art:
        return None
    alpha = texture.some_alpha
    clear, opaque = share(alpha < _NEARLY), share(alpha > 255 - _NEARLY)
    between = 1 - clear - opaque
    return between if min(clear, opaque) > 0.02 and between <= limit else None


def _margin(texture: Texture, limit: float) -> float | None:
    """Return the share of the texture's area around the smallest rectangle that holds all visible pixels."""
    if not texture.uses_alpha or texture.is_transparent or min(texture.height, texture.width) < 32:
        return None
    coarse = texture.scattered[..., -1] > 0
    if _around(coarse) < limit - 0.1:
        return None
    around = _around(texture.is_shown(0))
    return around if around >= limit else None


def _around(visible: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> float:
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    if not rows.size:
        return 1.0
    box = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
    return float(1 - box / visible.size)


def _premultiplied(texture: Texture, limit: float) -> float | None:
    """Return the share of half-transparent pixels whose colour is not above their alpha."""
    if texture.bands != 4 or not texture.uses_alpha:
        return None
    places = np.flatnonzero((texture.some_alpha > _NEARLY) & (texture.some_alpha < _NEARLY_OPAQUE))
    if len(places) < _FEWEST:
        return None
    red, green, blue, alpha = texture.of_some_rows(places).T
    brightest = np.maximum(np.maximum(red, green), blue)
    below = share(brightest <= alpha + _TOLERANCE)
    return below if below >= limit and _follows(brightest, alpha) else None


def _follows(brightest: Bytes, alpha: Bytes) -> bool:
    """Tell colours that were multiplied from smoke and shadows, which are dark all over whatever their alpha."""
    levels, opacity = brightest.astype(np.float32), alpha.astype(np.float32)
    if float(np.percentile(levels / opacity, 75)) < _BRIGHT or float(opacity.std()) <= _LEAST_SPREAD:
        return False
    return bool(levels.std()) and float(np.corrcoef(levels, opacity)[0, 1]) > _LEAST_CORRELATION


ALPHA: Final = (
    Check(
        "AEG201",
        "alpha-unused",
        Severity.WARNING,
        "alpha of every pixel",
        "Every pixel is opaque: the channel takes memory, and the material may be sorted and blended for nothing.",
        "Store it without alpha.",
        _unused,
    ),
    Check(
        "AEG202",
        "alpha-constant",
        Severity.NOTE,
        "alpha of every pixel",
        "Every pixel is equally transparent, which a number in the material says without a channel.",
        "Store it without alpha, and set the material's opacity.",
        _constant,
    ),
    Check(
        "AEG203",
        "all-transparent",
        Severity.WARNING,
        "alpha of every pixel",
        "Nothing of it can be seen.",
        "Find out whether it was exported empty; if its colours are data, store it without alpha.",
        _transparent,
    ),
    Check(
        "AEG204",
        "alpha-nearly-binary",
        Severity.INFO,
        "share of pixels that are neither clear nor opaque",
        "Alpha only cuts out: a cut-out material and one bit of alpha (BC1) do the same without blending.",
        "Use an alpha test, and a format with one bit of alpha.",
        _nearly_binary,
        0.002,
        "share of pixels that may be in between",
    ),
    Check(
        "AEG205",
        "wasted-margin",
        Severity.NOTE,
        "share of the area that is empty margin",
        "Most of the texture is an empty margin that takes memory and is drawn over.",
        "Trim it, and let the sprite's pivot or the atlas make up for it.",
        _margin,
        0.6,
        "share of the area that may be empty margin",
    ),
    Check(
        "AEG206",
        "premultiplied-alpha",
        Severity.NOTE,
        "share of half-transparent pixels",
        "Colours seem to be multiplied by alpha already: drawn as straight alpha their edges get dark.",
        "Blend it as premultiplied, or divide the colours by alpha.",
        _premultiplied,
        0.998,
        "share of half-transparent pixels whose colour must not exceed their alpha",
    ),
)
