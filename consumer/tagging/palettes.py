"""Colour palettes: statistics of the visible pixels in OKLab, where people's words for colours have their places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consumer.tagging.pixel_view import Floats, PixelView
from consumer.tagging.surfaces import logistic

# OKLab chroma below which people see grey.
GREY_CHROMA = 0.03


@dataclass(frozen=True, slots=True)
class _Colours:
    """The visible pixels: ``lightness`` 0 to 1, ``chroma`` 0 to about 0.32, ``hue`` in degrees, each [N]."""

    lightness: Floats
    chroma: Floats
    hue: Floats

    def share(self, which: npt.NDArray[np.bool_]) -> float:
        return float(which.mean())

    def hue_between(self, start: float, end: float) -> npt.NDArray[np.bool_]:
        """Tell which hues lie clockwise from ``start`` to ``end``."""
        between: npt.NDArray[np.bool_] = (self.hue - start) % 360 <= (end - start) % 360
        return between


def palettes(view: PixelView) -> dict[str, float]:
    """Return the probability of each palette; nothing where no pixel is visible."""
    lab = view.lab[view.visible]
    if not len(lab):
        return {}
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360
    colours = _Colours(lab[:, 0], np.hypot(lab[:, 1], lab[:, 2]), hue)
    lightness, chroma = colours.lightness, colours.chroma
    coloured = chroma > GREY_CHROMA
    warm = colours.share(coloured & colours.hue_between(340, 115))
    cool = colours.share(coloured & colours.hue_between(140, 310))
    earth = colours.share(
        (chroma > 0.025) & (chroma < 0.13) & (lightness > 0.15) & (lightness < 0.75) & colours.hue_between(35, 115)
    )
    pastel = colours.share((lightness > 0.75) & (chroma > 0.02) & (chroma < 0.12))
    glowing = colours.share((chroma > 0.2) & (lightness > 0.5))
    darkest, lightest = np.percentile(lightness, (5, 95))
    return {
        "monochrome": logistic(1 - colours.share(coloured), 0.9, 0.03),
        "warm_colors": logistic(warm, 0.6, 0.08),
        "cool_colors": logistic(cool, 0.6, 0.08),
        "high_contrast": logistic(float(lightest - darkest), 0.62, 0.05),
        "pastel": logistic(pastel, 0.55, 0.07),
        "vibrant": logistic(colours.share(chroma > 0.14), 0.4, 0.06),
        "earth_tones": logistic(earth, 0.65, 0.07),
        "neon": logistic(glowing, 0.3, 0.05),
    }
