"""Normal maps: which way green points, how long the directions are, and where z is kept."""

from __future__ import annotations

from typing import Final

import numpy as np

from consumer.findings.check import Check, Severity
from consumer.findings.normals_view import NormalsView
from consumer.findings.texture import Texture

_CONVENTION: Final = "whichever it is, all normal maps of a project must follow the one that its engine expects"
_DECIDED: Final = 0.15


def _opengl(texture: Texture, limit: float) -> float | None:
    view = texture.view(NormalsView)
    return view.correlation if view.layout and view.correlation >= limit else None


def _directx(texture: Texture, limit: float) -> float | None:
    view = texture.view(NormalsView)
    return -view.correlation if view.layout and view.correlation <= -limit else None


def _undecided(texture: Texture, limit: float) -> float | None:
    view = texture.view(NormalsView)
    return abs(view.correlation) if view.layout and abs(view.correlation) < limit else None


def _not_unit(texture: Texture, limit: float) -> float | None:
    view = texture.view(NormalsView)
    if view.layout != "xyz":
        return None
    off = float(np.abs(view.lengths - 1).mean())
    return off if off >= limit else None


def _blue_empty(texture: Texture, _: float) -> float | None:
    return 0.0 if texture.view(NormalsView).layout == "xy" else None


NORMALS: Final = (
    Check(
        "AEG301",
        "normal-opengl",
        Severity.INFO,
        "correlation of the mixed derivatives",
        f"Green points up (OpenGL, Unity, Godot, Blender): {_CONVENTION}.",
        "Raise this finding's severity in the project file if the engine expects DirectX, and invert green.",
        _opengl,
        _DECIDED,
        "correlation from which it is decided",
    ),
    Check(
        "AEG302",
        "normal-directx",
        Severity.INFO,
        "correlation of the mixed derivatives",
        f"Green points down (DirectX, Unreal, Source): {_CONVENTION}.",
        "Raise this finding's severity in the project file if the engine expects OpenGL, and invert green.",
        _directx,
        _DECIDED,
        "correlation from which it is decided",
    ),
    Check(
        "AEG303",
        "normal-undecided",
        Severity.INFO,
        "correlation of the mixed derivatives",
        "Its pixels do not tell which way green points: it is flat, drawn by hand, or bent to no height field.",
        "Look at it under a light that moves up and down.",
        _undecided,
        _DECIDED,
        "correlation from which it is decided",
    ),
    Check(
        "AEG304",
        "normals-not-unit",
        Severity.WARNING,
        "mean distance of the lengths from 1",
        "Directions are longer or shorter than 1: edited as a picture, or made smaller without normalising; light is "
        "wrong where the shader trusts them.",
        "Normalise the map after every change, and leave levels and colour filters alone.",
        _not_unit,
        0.12,
        "mean distance of the lengths from 1 that is allowed",
    ),
    Check(
        "AEG305",
        "normal-blue-empty",
        Severity.INFO,
        "value of blue",
        "Only x and y are stored: a shader that reads z from blue sees every surface as flat or inside out.",
        "Use it where z is computed (BC5, DXT5nm), or fill blue with z.",
        _blue_empty,
    ),
)
