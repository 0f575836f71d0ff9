"""Statistics of a picture that tell what a texture is used for, and whether it is pixel art; all of them bounded."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from consumer.tagging.pixels.pixel_art import colour_codes, pixel_art
from consumer.tagging.pixels.pixel_view import Flags, Floats, PixelView, chroma_of, percentiles, share
from consumer.tagging.pixels.surfaces import mask, normal_map

Vector = npt.NDArray[np.float32]

# Larger ones are alike; and labelled textures are often kept no larger.
_LARGE: Final = 240
_GREY_CHROMA: Final = 0.03
_EMPTY: Final = 4


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
    border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    corners = np.array([alpha[0, 0], alpha[0, -1], alpha[-1, 0], alpha[-1, -1]])
    rows, columns = np.asarray(view.visible.any(axis=1)), np.asarray(view.visible.any(axis=0))
    hidden = view.lightness[alpha < 16]
    transparent, opaque = share(alpha < 16), share(alpha > 239)
    return {
        "has_alpha": float(view.has_alpha),
        "transparent": transparent,
        "opaque": opaque,
        "uses_alpha": float(transparent > 0.01),
        "half": 1 - transparent - opaque,
        "border_transparent": share(border < 16),
        "corners_transparent": share(corners < 16),
        "row_gaps": _gaps(rows),
        "column_gaps": _gaps(columns),
        "filled_box": float(view.visible[np.ix_(rows, columns)].mean()) if rows.any() else 0.0,
        "hidden_detail": float(hidden.std()) if len(hidden) > 8 else 0.0,
    }


def _gaps(occupied: Flags) -> float:
    """Return how many empty stretches lie between occupied ones, up to 8: sheets are laid out in rows and columns."""
    inside = np.flatnonzero(occupied)
    if not len(inside):
        return 0.0
    starts = np.diff(occupied[inside[0] : inside[-1] + 1].astype(np.int8)) == -1
    return float(min(8, starts.sum()))


def _colours(view: PixelView) -> dict[str, float]:
    if view.visible.any():
        lab, chroma, spread = view.shown_lab, view.shown_chroma, view.lightness_spread
        shown = slice(None) if view.all_visible else view.visible.reshape(-1)
    else:
        lab, chroma, shown = view.lab, chroma_of(view.lab), slice(None)
        low, middle, high = percentiles(lab[0], (5, 50, 95))
        spread = low, middle, high
    planes, lowest, highest = view.planes[:, shown], view.lowest[shown], view.highest[shown]
    means, spreads = lab.mean(axis=1).tolist(), lab.std(axis=1).tolist()
    red, green, blue = (planes >> 4).astype(np.int16)
    counts = np.sort(np.bincount((red << 8) + (green << 4) + blue, minlength=4096))[::-1] / lowest.size
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
        "chroma": float(chroma.mean()) * 5,
        "chroma_high": percentiles(chroma, (95,))[0] * 5,
        "grey": share(chroma < _GREY_CHROMA),
        "all_grey": float(share(highest - lowest < 8) > 0.995),
        "colours": float(np.log2(1 + np.count_nonzero(counts)) / 12),
        "commonest": float(counts[0]),
        "eight_commonest": float(counts[:8].sum()),
        "black": dark,
        "white": light,
        "black_and_white": min(dark, light, 0.1) * 10,
        "empty_red": share(planes[0] < _EMPTY),
        "empty_green": share(planes[1] < _EMPTY),
        "empty_blue": share(planes[2] < _EMPTY),
    }


def _directions(view: PixelView) -> dict[str, float]:
    """Judge colours as directions, as normal maps mean them."""
    x, y, z = view.directions
    if len(x) < view.painted.size / 4:
        return dict.fromkeys(("unit_length", "upright", "lean", "up_mean", "up_spread"), 0.0)
    return {
        "unit_length": share(np.abs(np.sqrt(x * x + y * y + z * z) - 1) < 0.2),
        "upright": share(z > 0.1),
        "lean": max(abs(float(x.mean())), abs(float(y.mean()))),
        "up_mean": float(z.mean()),
        "up_spread": float(z.std()),
    }


def _packing(view: PixelView) -> dict[str, float]:
    """Judge whether the channels hold separate data, as masks do: one stays empty, none follows another."""
    painted = view.painted_planes
    if painted.shape[1] < view.painted.size / 50:
        return dict.fromkeys(("saturated", "empty_channel", "follows", "packed"), 0.0)
    lowest, highest = view.lowest[view.painted], view.highest[view.painted]
    saturated = share(lowest < highest * np.float32(0.15))
    empty = max(share(channel < 8) for channel in painted)
    centred = painted - painted.mean(axis=1, keepdims=True)
    together = centred @ centred.T / painted.shape[1]
    spread = np.sqrt(np.diag(together)) + 1
    follows = [float(together[i, j] / (spread[i] * spread[j])) for i, j in ((0, 1), (0, 2), (1, 2))]
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
        "like_a_normal_map": normal_map(view),
        "like_a_mask": mask(view),
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
    return {
        "detail": (_step(light, 0) + _step(light, 1)) * 5,
        "flat": share(flat_rows),
        "seam_across": _seam(light, 1) if width > 8 else 1.0,
        "seam_down": _seam(light, 0) if height > 8 else 1.0,
        "mirrored": float(np.abs(light - light[:, ::-1]).mean() * 5),
        "centre_against_border": _centre(light),
    }


def _step(light: Floats, axis: int) -> float:
    return float(np.abs(np.diff(light, axis=axis)).mean()) if light.shape[axis] > 1 else 0.0


def _seam(light: Floats, axis: int) -> float:
    """Return the step across the edge, if the texture were tiled, over the steps inside it; up to 4."""
    first, last = np.take(light, 0, axis), np.take(light, -1, axis)
    return float(min(4.0, np.abs(first - last).mean() / (_step(light, axis) + 0.004)))


def _centre(light: Floats) -> float:
    height, width = light.shape
    inner = light[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return float(inner.mean() - light.mean()) * 4 if inner.size else 0.0


NAMES: Final = (
    *("log_longest", "elongation", "square", "tall", "power_of_two", "tiny", "small", "large"),
    *("has_alpha", "transparent", "opaque", "uses_alpha", "half", "border_transparent", "corners_transparent"),
    *("row_gaps", "column_gaps", "filled_box", "hidden_detail"),
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
