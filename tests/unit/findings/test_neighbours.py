"""What stands beside what: edges that are laid together, pictures of an atlas, pixels and what half the size keeps."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.findings.making import found, in_bytes, painted, with_alpha

SURFACE = painted()
TILING = {"tiles", "tiles-across", "tiles-down"}


def lit(side: int = 128) -> np.ndarray:
    """Return a rough surface that goes on across, and gets lighter from top to bottom."""
    grain = np.random.default_rng(5).normal(0, 12, (side, side, 3))
    return in_bytes(np.linspace(20, 230, side)[:, None, None] + grain)


def rough_inside(pixels: np.ndarray, levels: float) -> np.ndarray:
    """Return it rougher by so many levels between its outer eighths."""
    rough = pixels.astype(np.float32)
    rough[:, 16:-16] += np.random.default_rng(6).normal(0, levels, rough[:, 16:-16].shape)
    return in_bytes(rough)


def bricks(rows: int = 4, height: int = 32) -> np.ndarray:
    """Return a wall of so many rows with a joint below each, the last one at the lower edge."""
    wall = np.full((rows * height, 128, 3), 150.0)
    for row in range(rows):
        wall[row * height : (row + 1) * height, 8 + row % 2 * 16 :: 32] = 60
        wall[(row + 1) * height - 2 : (row + 1) * height] = 60
    return in_bytes(wall + np.random.default_rng(2).normal(0, 6, wall.shape))


def enlarged(pixels: np.ndarray) -> np.ndarray:
    """Return it in twice its size, softly."""
    wide = pixels.repeat(2, 0).repeat(2, 1).astype(np.float32)
    return in_bytes(np.mean([np.roll(wide, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)], axis=0))


def test_edges_that_fit_in_one_direction_are_told() -> None:
    assert found(lit()) & TILING == {"tiles-across"}
    assert found(lit().swapaxes(0, 1)) & TILING == {"tiles-down"}


def test_edges_are_compared_with_what_is_beside_them() -> None:
    """Sea on the left and sand on the right: the step is small beside what a wreck in the middle has."""
    photo = np.repeat(np.linspace(20, 230, 128)[:, None, None], 128, 1).repeat(3, 2)
    photo[:, :16] -= 40

    assert not found(rough_inside(in_bytes(photo), 50)) & TILING


def test_a_border_that_shows_in_a_piece_of_it_shows() -> None:
    """Calm water at the lower left and another one at the lower right; above them is grass."""
    shore = lit()
    shore[96:] = np.linspace(150, 170, 32)[:, None, None]
    ended = shore.copy()
    ended[96:, :64] -= 24

    assert "tiles-across" in found(rough_inside(shore, 8))
    assert not found(rough_inside(ended, 8)) & TILING


def test_a_joint_at_the_border_is_as_good_as_those_between_other_rows() -> None:
    """The step at the border is large, and the wall has the same one below each of its rows."""
    lone = bricks()
    lone[:-2] = np.where(lone[:-2] < 100, lone[:-2] + 90, lone[:-2])

    assert not found(bricks()) & {"tiles-across", "tiles-down"}
    assert "tiles-across" in found(lone)


@pytest.mark.parametrize("gap", [1, 4])
def test_pictures_of_an_atlas_stand_side_by_side(gap: int) -> None:
    piece = np.pad(with_alpha(SURFACE[:32, :32], 255), ((gap, 0), (gap, 0), (0, 0)))

    assert ("narrow-gutter" in found(np.tile(piece, (3, 3, 1)))) is (gap < 2)


def test_legs_and_letters_that_come_near_each_other_are_no_neighbours() -> None:
    """Boxes around insects are a pixel apart, and the insects are not."""
    legs = np.zeros((33, 33), bool)
    legs[12:20, 12:20] = True
    legs[16, :32] = legs[:32, 16] = True
    letters = np.zeros((20, 10), bool)
    letters[2:18, 1:9] = True

    for shapes in (np.tile(legs, (4, 4)), np.tile(letters, (4, 12))):
        sheet = with_alpha(np.resize(SURFACE, (*shapes.shape, 3)), shapes * 255)
        assert "narrow-gutter" not in found(sheet)


def test_half_the_size_has_to_show_the_same_to_be_enough() -> None:
    """Fine lines between soft areas are little of the spectrum, and what is seen of it."""
    soft = enlarged(SURFACE)
    lined = soft.copy()
    lined[::24, :, :] = lined[:, ::24, :] = 255

    assert "oversized" in found(soft)
    assert "oversized" not in found(lined)


def test_detail_in_a_part_of_a_large_texture_is_detail() -> None:
    """What is seen is looked for all over the texture, not in its middle alone."""
    soft = enlarged(painted(256))
    sparks = soft.copy()
    sparks[::3, 384:, :] = 255

    assert "oversized" in found(soft)
    assert "oversized" not in found(sparks)
