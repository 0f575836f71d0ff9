"""Tags that the pixels themselves speak for: palettes, what a texture is used for, pixel art. No model of pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from consumer.tagging.decode import DecodedImage
from consumer.tagging.linear_models import pixel_models
from consumer.tagging.palettes import palettes
from consumer.tagging.picture_statistics import picture_statistics
from consumer.tagging.pixel_view import PixelView, share
from consumer.tagging.surfaces import gradient, height_map, mask, noise, normal_map

Evidence = Mapping[str, Mapping[str, float]]

PALETTES: Final = "color_palettes"
ROLES: Final = "texture_roles"
STYLES: Final = "art_styles"

_FEWEST_PIXELS: Final = 16
_OPAQUE_SHARE: Final = 0.98
_PICTURES: Final = ("albedo", "sprite", "icon", "atlas")


def pixel_evidence(image: DecodedImage) -> Evidence:
    """Return the probability of each tag that the pixels speak for, by category.

    A transparent pixel has no colour, and an image without a visible pixel gives nothing. The roles share one
    probability. Of a picture of a few pixels only the colours can be told.
    """
    view = PixelView.of(image)
    visible = int(view.visible.sum())
    if visible < _FEWEST_PIXELS:
        return {PALETTES: palettes(view), ROLES: {}, STYLES: {}}
    statistics = picture_statistics(view)
    drawn = pixel_models()["pixel_art"].probabilities(statistics)
    return {
        PALETTES: palettes(view),
        ROLES: _roles(view, pixel_models()["roles"].probabilities(statistics)),
        STYLES: {"pixel_art": drawn["pixel_art"]},
    }


def _roles(view: PixelView, fitted: Mapping[str, float]) -> dict[str, float]:
    """Let the tests decide first.

    What alpha cuts out is a picture of something; but normal maps keep gloss or relief in it.
    """
    directions = _both(normal_map(view), fitted["normal_map"])
    surfaces = {"normal_map": directions, "mask": 0.0, "height": 0.0, "gradient": 0.0, "noise": 0.0}
    if share(view.visible) >= _OPAQUE_SHARE:
        ramp = gradient(view)
        surfaces |= {
            "mask": mask(view),
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
