"""Colour palettes: statistics of the visible pixels in OKLab, where people's words for colours have their places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consumer.tagging.pixels.pixel_view import Floats, PixelView, share
from consumer.tagging.pixels.surfaces import logistic

# OKLab chroma below which people see grey.
GREY_CHROMA = 0.03


@dataclass(frozen=True, slots=True)
class _Colours:
    """The visible pixels: ``lightness`` 0 to 1, ``chroma`` 0 to about 0.32, ``hue`` in degrees, each [N]."""

    lightness: Floats
    chroma: Floats
    hue: Floats

    def hue_between(self, start: float, end: float) -> npt.NDArray[np.bool_]:
        """Tell which hues lie clockwise from ``start`` to ``end``."""
        after, before = self.hue >= start % 360, self.hue <= end % 360
        between: npt.NDArray[np.bool_] = after & before if start % 360 <= end % 360 else after | before
        return between


def palettes(view: PixelView) -> dict[str, float]:
    """Return the probability of each palette; nothing where no pixel is visible."""
    light, a, b = view.shown_lab
    if not len(light):
        return {}
    degrees = np.degrees(np.arctan2(b, a))
    colours = _Colours(light, view.shown_chroma, np.where(degrees < 0, degrees + np.float32(360), degrees))
    lightness, chroma = colours.lightness, colours.chroma
    coloured = chroma > GREY_CHROMA
    warm = share(coloured & colours.hue_between(340, 115))
    cool = share(coloured & colours.hue_between(140, 310))
    earth = share(
        (chroma > 0.025) & (chroma < 0.13) & (lightness > 0.15) & (lightness < 0.75) & colours.hue_between(35, 115)
    )
    pastel = share((lightness > 0.75) & (chroma > 0.02) & (chroma < 0.12))
    glowing = share((chroma > 0.2) & (lightness > 0.5))
    darkest, _, lightest = view.lightness_spread
    return {
        "monochrome": logistic(1 - share(coloured), 0.9, 0.03),
        "warm_colors": logistic(warm, 0.6, 0.08),
        "cool_colors": logistic(cool, 0.6, 0.08),
        "high_contrast": logistic(lightest - darkest, 0.62, 0.05),
        "pastel": logistic(pastel, 0.55, 0.07),
        "vibrant": logistic(share(chroma > 0.14), 0.4, 0.06),
        "earth_tones": logistic(earth, 0.65, 0.07),
        "neon": logistic(glowing, 0.3, 0.05),
    }
