"""Tags that the pixels themselves speak for: palettes, what a texture is used for, pixel art. No model of pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from consumer.imaging.picture import DecodedImage
from consumer.tagging.pixels.layout import SINGLE, Layout
from consumer.tagging.pixels.linear_models import pixel_models
from consumer.tagging.pixels.packed_normals import as_normals
from consumer.tagging.pixels.palettes import palettes
from consumer.tagging.pixels.pixel_grid import pixel_art_probability
from consumer.tagging.pixels.pixel_view import PixelView, share
from consumer.tagging.pixels.statistics import picture_statistics
from consumer.tagging.pixels.surface_facts import surface_facts
from consumer.tagging.pixels.surfaces import gradient, height_map, mask, noise, normal_map

Evidence = Mapping[str, Mapping[str, float]]

PALETTES: Final = "color_palettes"
ROLES: Final = "texture_roles"
STYLES: Final = "art_styles"
SURFACE: Final = "surface"

_FEWEST_PIXELS: Final = 16
_OPAQUE_SHARE: Final = 0.98
_SHEET_IS_ATLAS: Final = 0.9
_LEAST_SHARE: Final = 1e-6
_PICTURES: Final = ("albedo", "sprite", "icon", "atlas")


def pixel_evidence(image: DecodedImage, layout: Layout = SINGLE) -> Evidence:
    """Return the probability of each tag that the pixels speak for, by category.

    A transparent pixel has no colour, and an image without a visible pixel gives nothing. The roles share one
    probability. Of a picture of a few pixels only the colours, and what is certain of its surface, can be told. A
    normal map packed in two channels is judged as what it stands for.
    """
    view, facts = PixelView.of(as_normals(image)), surface_facts(image, layout)
    visible = int(view.visible.sum())
    if visible < _FEWEST_PIXELS:
        return {PALETTES: palettes(view), ROLES: {}, STYLES: {}, SURFACE: facts}
    fitted = pixel_models()["roles"].probabilities(picture_statistics(view))
    return {
        PALETTES: palettes(view),
        ROLES: _roles(view, _as_laid_out(fitted, layout)),
        STYLES: {"pixel_art": pixel_art_probability(image.pixels)},
        SURFACE: facts,
    }


def _as_laid_out(fitted: Mapping[str, float], layout: Layout) -> Mapping[str, float]:
    """Return the shares of the kinds of pictures; of a sheet, its empty lines tell what statistics cannot."""
    if layout.kind == "single":
        return fitted
    pictures = sum(fitted[name] for name in _PICTURES)
    others = max(pictures - fitted["atlas"], _LEAST_SHARE)
    left = {name: fitted[name] / others * (1 - _SHEET_IS_ATLAS) * pictures for name in _PICTURES}
    return {**fitted, **left, "atlas": _SHEET_IS_ATLAS * pictures}


def _roles(view: PixelView, fitted: Mapping[str, float]) -> dict[str, float]:
    """Let the tests decide first.

    What alpha cuts out is a picture of something; but normal maps keep gloss or relief in it.
    """
    directions = _both(view.once(normal_map), fitted["normal_map"])
    surfaces = {"normal_map": directions, "mask": 0.0, "height": 0.0, "gradient": 0.0, "noise": 0.0}
    if share(view.visible) >= _OPAQUE_SHARE:
        ramp = gradient(view)
        surfaces |= {
            "mask": view.once(mask),
            # A ramp is smooth relief too, and rough normals are noise too: the more special of two is meant.
            "height": height_map(view) * (1 - ramp),
            "gradient": ramp,
            "noise": noise(view) * (1 - directions),
        }
    left = 1 - max(surfaces.values())
    total = sum(surfaces.values())
    scale = (1 - left) / total if total else 0.0
    pictures = sum(fitted[name] for name in _PICTURES)
    return {
        **{name: value * scale for name, value in surfaces.items()},
        **{name: left * fitted[name] / pictures for name in _PICTURES},
    }


def _both(first: float, second: float) -> float:
    """Return the mean of two probabilities on the scale of log-odds."""
    odds = (_log_odds(first) + _log_odds(second)) / 2
    return 1 / (1 + math.exp(-odds))


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))
