"""Statistics of a picture that tell what a texture is used for, and whether it is pixel art; all of them bounded."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from consumer.tagging.pixels.pixel_art import colour_codes, pixel_art
from consumer.tagging.pixels.pixel_view import Flags, Floats, PixelView, chroma_of, mean, percentiles, share
from consumer.tagging.pixels.surfaces import mask, normal_map

Vector = npt.NDArray[np.float32]

# Larger ones are alike; and labelled textures are often kept no larger.
_LARGE: Final = 240
_GREY_CHROMA: Final = 0.03
_EMPTY: Final = 4
_NONE: Final = np.empty(0, np.float32)
_OF_ALPHA: Final = (
    *("has_alpha", "transparent", "opaque", "uses_alpha", "half", "border_transparent", "corners_transparent"),
    *("row_gaps", "column_gaps", "filled_box", "hidden_detail"),
)


def picture_statistics(view: PixelView) -> Vector:
    """Return the statistics as float32 [len(NAMES)]; a picture of any size, even of one pixel, has them."""
    values = {**_shape(view), **_transparency(view), **_colours(view), **_directions(view), **_packing(view)}
    values |= _structure(view)
    values |= pixel_art(view)
    values |= _combined(view, values)
    return np.array([values[name] for name in NAMES], np.float32)


def _shape(view: PixelView) -> dict[str, float]:
    height, width = view.size
    longest, shortest = max(height, width), min(height, width)
    return {
        "log_longest": float(np.log2(min(longest, _LARGE))),
        "elongation": float(np.log2(longest / shortest)),
        "square": float(longest == shortest),
        "tall": float(height > width),
        "power_of_two": float(not longest & (longest - 1) and not shortest & (shortest - 1)),
        "tiny": float(longest <= 40),
        "small": float(longest <= 80),
        "large": float(longest >= _LARGE),
    }


def _transparency(view: PixelView) -> dict[str, float]:
    alpha = view.alpha
    if not view.has_alpha:
        return {**dict.fromkeys(_OF_ALPHA, 0.0), "opaque": 1.0, "filled_box": 1.0}
    gone = alpha < 16
    border = np.concatenate([gone[0], gone[-1], gone[:, 0], gone[:, -1]])
    corners = gone[[0, 0, -1, -1], [0, -1, 0, -1]]
    rows, columns = (np.logical_or.reduce(view.visible, axis=axis) for axis in (1, 0))
    transparent, opaque = share(gone), share(alpha > 239)
    hidden = view.lightness[gone] if transparent else _NONE
    return {
        "has_alpha": float(view.has_alpha),
        "transparent": transparent,
        "opaque": opaque,
        "uses_alpha": float(transparent > 0.01),
        "half": 1 - transparent - opaque,
        "border_transparent": share(border),
        "corners_transparent": share(corners),
        "row_gaps": _gaps(rows),
        "column_gaps": _gaps(columns),
        "filled_box": _filled(view.visible, rows, columns),
        "hidden_detail": float(hidden.std()) if len(hidden) > 8 else 0.0,
    }


def _gaps(occupied: Flags) -> float:
    """Return how many empty stretches lie between occupied ones, up to 8: sheets are laid out in rows and columns."""
    if occupied.all():
        return 0.0
    inside = np.flatnonzero(occupied)
    return float(min(8, int(np.count_nonzero(np.diff(inside) > 1))))


def _filled(visible: Flags, rows: Flags, columns: Flags) -> float:
    """Return how much is visible of where the rows and columns meet that have anything visible."""
    box = np.count_nonzero(rows) * np.count_nonzero(columns)
    return float(np.count_nonzero(visible) / box) if box else 0.0


def _colours(view: PixelView) -> dict[str, float]:
    if view.visible.any():
        lab, chroma, spread = view.shown_lab, view.shown_chroma, view.lightness_spread
        shown = slice(None) if view.all_visible else view.visible.reshape(-1)
    else:
        lab, chroma, shown = view.lab, chroma_of(view.lab), slice(None)
        low, middle, high = percentiles(lab[0], (5, 50, 95))
        spread = low, middle, high
    planes, lowest, highest = view.planes[:, shown], view.lowest[shown], view.highest[shown]
    means, spreads = _means_and_spreads(lab)
    red, green, blue = (planes >> 4).astype(np.int16)
    pixels_each = np.bincount((red << 8) + (green << 4) + blue)
    counts = np.sort(pixels_each[pixels_each > 0])[::-1] / lowest.size
    dark, light = share(highest < 16), share(lowest > 239)
    return {
        "lightness": means[0],
        "a": means[1] * 5,
        "b": means[2] * 5,
        "lightness_low": spread[0],
        "lightness_middle": spread[1],
        "lightness_high": spread[2],
        "lightness_spread": spreads[0] * 4,
        "a_spread": spreads[1] * 10,
        "b_spread": spreads[2] * 10,
        "chroma": mean(chroma) * 5,
        "chroma_high": percentiles(chroma, (95,))[0] * 5,
        "grey": share(chroma < _GREY_CHROMA),
        "all_grey": float(share(highest - lowest < 8) > 0.995),
        "colours": math.log2(1 + len(counts)) / 12,
        "commonest": float(counts[0]),
        "eight_commonest": float(counts[:8].sum()),
        "black": dark,
        "white": light,
        "black_and_white": min(dark, light, 0.1) * 10,
        "empty_red": share(planes[0] < _EMPTY),
        "empty_green": share(planes[1] < _EMPTY),
        "empty_blue": share(planes[2] < _EMPTY),
    }


def _means_and_spreads(rows: Floats) -> tuple[list[float], list[float]]:
    """Return the mean and the standard deviation of each row, [rows, N]."""
    means = np.add.reduce(rows, axis=1, keepdims=True) / np.float32(rows.shape[1])
    apart = rows - means
    spreads = np.sqrt(np.einsum("ij,ij->i", apart, apart) / rows.shape[1])
    return means[:, 0].tolist(), spreads.tolist()


def _directions(view: PixelView) -> dict[str, float]:
    """Judge colours as directions, as normal maps mean them."""
    z = view.directions[2]
    if len(z) < view.painted.size / 4:
        return dict.fromkeys(("unit_length", "upright", "lean", "up_mean", "up_spread"), 0.0)
    lean_x, lean_y, up = view.lean
    return {
        "unit_length": share(np.abs(np.sqrt(view.squared_lengths) - 1) < 0.2),
        "upright": share(z > 0.1),
        "lean": max(abs(lean_x), abs(lean_y)),
        "up_mean": up,
        "up_spread": float(z.std()),
    }


def _packing(view: PixelView) -> dict[str, float]:
    """Judge whether the channels hold separate data, as masks do: one stays empty, none follows another."""
    painted = view.painted_planes
    if painted.shape[1] < view.painted.size / 50:
        return dict.fromkeys(("saturated", "empty_channel", "follows", "packed"), 0.0)
    lowest, highest = view.lowest, view.highest
    if painted.shape[1] < view.painted.size:
        lowest, highest = lowest[view.painted], highest[view.painted]
    saturated = share(lowest < highest * np.float32(0.15))
    empty = max(share(channel < 8) for channel in painted)
    centred = painted - np.add.reduce(painted, axis=1, keepdims=True) / np.float32(painted.shape[1])
    together = (centred @ centred.T / painted.shape[1]).tolist()
    spread = [math.sqrt(together[i][i]) + 1 for i in range(3)]
    follows = [together[i][j] / (spread[i] * spread[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    return {
        "saturated": saturated,
        "empty_channel": empty,
        "follows": min(follows),
        "packed": float(empty > 0.9) * saturated,
    }


def _combined(view: PixelView, values: dict[str, float]) -> dict[str, float]:
    """Add what only together means something, since the models are linear in the statistics."""
    whole = 1 - values["uses_alpha"]
    return {
        "like_a_normal_map": view.once(normal_map),
        "like_a_mask": view.once(mask),
        "grey_on_black": values["black"] * values["all_grey"],
        "black_around": values["black"] * float(values["detail"] > 0.1),
        "whole_and_square": whole * values["square"],
        "whole_and_small": whole * values["small"],
        "cut_out_and_small": values["border_transparent"] * values["small"],
        "cut_out_and_square": values["border_transparent"] * values["square"],
        "tiles": whole * float(max(values["seam_across"], values["seam_down"]) < 1.6),
        "sheet": min(values["row_gaps"], 3.0) * min(values["column_gaps"], 3.0),
        "leaves": values["uses_alpha"] * values["power_of_two"],
    }


def _structure(view: PixelView) -> dict[str, float]:
    light, (height, width) = view.lightness, view.shape
    colours = colour_codes(*view.planes).reshape(view.shape)
    flat_rows = colours[:, 1:] == colours[:, :-1] if width > 1 else np.ones((1, 1), bool)
    down, across = _step(light[1:], light[:-1]), _step(light[:, 1:], light[:, :-1])
    return {
        "detail": (down + across) * 5,
        "flat": share(flat_rows),
        "seam_across": _seam(light[:, 0], light[:, -1], across) if width > 8 else 1.0,
        "seam_down": _seam(light[0], light[-1], down) if height > 8 else 1.0,
        "mirrored": _step(light, light[:, ::-1]) * 5,
        "centre_against_border": _centre(light),
    }


def _step(one: Floats, other: Floats) -> float:
    return mean(np.abs(one - other)) if one.size else 0.0


def _seam(first: Floats, last: Floats, inside: float) -> float:
    """Return the step across the edge, if the texture were tiled, over the steps inside it; up to 4."""
    return min(4.0, _step(first, last) / (inside + 0.004))


def _centre(light: Floats) -> float:
    height, width = light.shape
    inner = light[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return (mean(inner) - mean(light)) * 4 if inner.size else 0.0


NAMES: Final = (
    *("log_longest", "elongation", "square", "tall", "power_of_two", "tiny", "small", "large"),
    *_OF_ALPHA,
    *("lightness", "a", "b", "lightness_low", "lightness_middle", "lightness_high", "lightness_spread"),
    *("a_spread", "b_spread", "chroma", "chroma_high", "grey", "all_grey", "colours", "commonest", "eight_commonest"),
    *("black", "white", "black_and_white", "empty_red", "empty_green", "empty_blue"),
    *("unit_length", "upright", "lean", "up_mean", "up_spread"),
    *("detail", "flat", "seam_across", "seam_down", "mirrored", "centre_against_border"),
    *("saturated", "empty_channel", "follows", "packed"),
    *("exact_colours", "colours_per_pixel", "hard_alpha", "grid"),
    *("like_a_normal_map", "like_a_mask", "grey_on_black", "black_around", "whole_and_square", "whole_and_small"),
    *("cut_out_and_small", "cut_out_and_square", "tiles", "sheet", "leaves"),
)
