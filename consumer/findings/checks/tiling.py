"""Whether a texture can be laid side by side without a seam."""

from __future__ import annotations

from typing import Final

from consumer.findings.check import Check, Severity
from consumer.findings.names import TILING_WORDS
from consumer.findings.texture import Texture
from consumer.findings.tiling_view import Border, TilingView


def _tiles(texture: Texture, _: float) -> float | None:
    view = texture.view(TilingView)
    across, down = view.across, view.down
    if not (across and down and across.fits and down.fits) or (across.is_mirrored and down.is_mirrored):
        return None
    return max(across.step, down.step)


def _tiles_across(texture: Texture, _: float) -> float | None:
    view = texture.view(TilingView)
    return _alone(view.across, view.down)


def _tiles_down(texture: Texture, _: float) -> float | None:
    view = texture.view(TilingView)
    return _alone(view.down, view.across)


def _alone(border: Border | None, other: Border | None) -> float | None:
    """Return the step of a border that fits while the other one clearly does not."""
    alone = border and other and border.fits and other.breaks and not border.is_mirrored
    return border.step if border and alone else None


def _seam(texture: Texture, limit: float) -> float | None:
    if not texture.words & TILING_WORDS or not texture.is_surface:
        return None
    view = texture.view(TilingView)
    worst = max((border.step for border in (view.across, view.down) if border), default=0.0)
    return worst if worst >= limit else None


_STEP: Final = "step across the border, over those between lines inside"
TILING: Final = (
    Check(
        "AEG401",
        "tiles",
        Severity.INFO,
        _STEP,
        "Both pairs of opposite edges fit: it can cover a surface of any size.",
        "Nothing is wrong with it.",
        _tiles,
    ),
    Check(
        "AEG402",
        "tiles-across",
        Severity.INFO,
        _STEP,
        "The left and right edges fit, top and bottom do not: it can be repeated in one direction.",
        "Clamp the other direction.",
        _tiles_across,
    ),
    Check(
        "AEG403",
        "tiles-down",
        Severity.INFO,
        _STEP,
        "Top and bottom fit, the left and right edges do not: it can be repeated in one direction.",
        "Clamp the other direction.",
        _tiles_down,
    ),
    Check(
        "AEG404",
        "seam",
        Severity.WARNING,
        _STEP,
        "Its name says that it is to be repeated, and its opposite edges do not fit: the seam shows as a grid.",
        "Paint over the seam with the picture shifted by half its size, or rename it.",
        _seam,
        2.5,
        "step across the border that is allowed, over those inside",
    ),
)
