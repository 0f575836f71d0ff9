"""The green channel's direction follows from the map alone, for any height."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.findings.convention import convention
from tests.unit.findings.making import Floats, Pixels, directions, found, relief


def planes(pixels: Pixels) -> tuple[Floats, Floats, Floats]:
    x, y, z = np.moveaxis(pixels.astype(np.float32) / np.float32(127.5) - 1, 2, 0)
    return x, y, z


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), side=st.integers(32, 160))
def test_any_height_gives_away_its_convention(seed: int, side: int) -> None:
    height = relief(side, seed=seed)

    assert convention(*planes(directions(height, opengl=True))) > 0.3
    assert convention(*planes(directions(height, opengl=False))) < -0.3


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_inverting_green_turns_the_answer_round(seed: int) -> None:
    x, y, z = planes(directions(relief(64, seed=seed), opengl=True))

    assert np.isclose(convention(x, -y, z), -convention(x, y, z), atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_noise_is_of_no_convention(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-0.5, 0.5, (2, 128, 128)).astype(np.float32)

    assert abs(convention(x, y, np.sqrt(1 - x * x - y * y))) < 0.15


def test_a_flat_or_tiny_map_gives_nothing_away() -> None:
    flat = np.zeros((64, 64), np.float32)
    tiny = planes(directions(relief(4), opengl=True))

    assert convention(flat, flat, flat + 1) == 0
    assert convention(*tiny) == 0


def test_both_conventions_are_told_of_a_whole_texture_and_of_one_without_blue() -> None:
    opengl = directions(relief(), opengl=True)
    packed = np.dstack([opengl[..., 0], 255 - opengl[..., 1], np.full(opengl.shape[:2], 255, np.uint8)])

    assert "normal-opengl" in found(opengl)
    assert {"normal-directx", "normal-blue-empty"} <= found(packed)
