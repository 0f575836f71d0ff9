"""Signs of pixel art in a picture's own resolution: few colours, hard edges of alpha, steps on a grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from consumer.tagging.pixels.pixel_view import VISIBLE_ALPHA, Bytes, PixelView, share


def pixel_art(view: PixelView) -> dict[str, float]:
    """Judge the centre in its own resolution: few colours, each used again, and steps on a grid."""
    alpha, codes = view.middle_alpha, colour_codes(*np.moveaxis(view.middle, 2, 0))
    shown = np.sort(codes[alpha >= VISIBLE_ALPHA])
    if not len(shown):
        return dict.fromkeys(("exact_colours", "colours_per_pixel", "hard_alpha", "grid"), 0.0)
    colours = 1 + int(np.count_nonzero(shown[1:] != shown[:-1]))
    return {
        "exact_colours": float(np.log2(colours) / 12),
        "colours_per_pixel": colours / len(shown),
        "hard_alpha": share((alpha == 0) | (alpha == 255)),
        "grid": float(_on_grid(codes, 0) and _on_grid(codes, 1)),
    }


def colour_codes(red: Bytes, green: Bytes, blue: Bytes) -> npt.NDArray[np.int32]:
    """Return one number for each colour, in the shape of the planes."""
    codes: npt.NDArray[np.int32] = red.astype(np.int32) << 16
    codes |= green.astype(np.int32) << 8
    codes |= blue
    return codes


def _on_grid(codes: npt.NDArray[np.int32], axis: int) -> bool:
    """Tell whether colours change only at every second, third … pixel, as in art that was enlarged."""
    lines = codes if axis == 0 else codes.T
    changes = np.flatnonzero(np.logical_or.reduce(lines[1:] != lines[:-1], axis=1))
    if len(changes) < 4:
        return False
    return any((changes % step == changes[0] % step).all() for step in range(2, 9))
