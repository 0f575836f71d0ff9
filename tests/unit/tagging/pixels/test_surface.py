"""What is certain of a texture as a surface, sheets and strips, and pixel art."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from consumer.imaging.picture import DecodedImage
from consumer.tagging.images.preprocess import PreprocessSpec
from consumer.tagging.inputs import as_one, model_inputs
from consumer.tagging.pixels.layout import SINGLE, layout_of
from consumer.tagging.pixels.pixel_grid import pixel_art_probability
from consumer.tagging.pixels.surface_facts import surface_facts

Pixels = npt.NDArray[np.uint8]


def facts(pixels: Pixels) -> set[str]:
    found = surface_facts(DecodedImage(pixels, "RGBA" if pixels.shape[2] == 4 else "RGB"), layout_of(pixels))
    return {name for name, probability in found.items() if probability > 0.5}


def disc(side: int, radius: float, softness: float = 1.0) -> Pixels:
    """Return an orange disc on transparent ground, its edge so many pixels wide."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    alpha = ((radius - np.hypot(rows, columns)) / softness + 0.5).clip(0, 1) * 255
    shade = 100 + 100 * (columns + side / 2) / side
    return np.dstack([shade, shade * 0.6, shade * 0.2, alpha]).astype(np.uint8)


def grid(rows: int, columns: int, cell: Pixels) -> Pixels:
    return np.tile(cell, (rows, columns, 1))


def waves(side: int) -> Pixels:
    """Return a texture that goes on across its borders."""
    across = np.sin(np.arange(side) / side * 2 * np.pi * 3)
    light = 128 + 50 * across[:, None] + 40 * across[None, :]
    return np.repeat(light[..., None], 3, axis=2).astype(np.uint8)


def test_a_texture_without_alpha_is_opaque_and_one_that_goes_on_across_its_borders_tiles() -> None:
    assert facts(waves(128)) == {"opaque", "tileable"}
    assert facts(waves(128)[:100, :100]) == {"opaque"}


def test_a_hard_edge_cuts_out_and_a_wide_one_is_translucent() -> None:
    assert facts(disc(96, 30)) == {"cut_out"}
    assert facts(disc(96, 30, softness=60)) == {"translucent"}


def test_alpha_without_a_hole_may_be_gloss_and_nothing_is_said_of_it() -> None:
    pixels = np.dstack([waves(64), np.full((64, 64), 90, np.uint8)])
    assert not facts(pixels) & {"opaque", "cut_out", "translucent"}


@pytest.mark.parametrize("colour", [(0, 0, 0, 0), (90, 10, 200, 255)])
def test_one_colour_or_none_is_blank(colour: tuple[int, ...]) -> None:
    assert "blank" in facts(np.full((40, 40, 4), colour, np.uint8))


def test_up_to_32_pixels_are_tiny() -> None:
    assert "tiny" in facts(disc(32, 12))
    assert "tiny" not in facts(disc(33, 12))


def test_figures_between_empty_lines_are_a_sheet_and_their_cells_are_looked_at() -> None:
    pixels = grid(4, 4, disc(48, 14))
    layout = layout_of(pixels)
    assert (layout.kind, len(layout.cells)) == ("sheet", 5)
    assert {(box.right - box.left, box.bottom - box.top) for box in layout.cells} == {(48, 48)}
    assert facts(pixels) == {"cut_out", "sheet"}
    inputs = model_inputs(DecodedImage(pixels, "RGBA"), PreprocessSpec(64, (128, 128, 128)), layout)
    alone = model_inputs(DecodedImage(disc(48, 14), "RGBA"), PreprocessSpec(64, (128, 128, 128)), SINGLE)
    assert inputs.shape == (5, 64, 64, 3)
    np.testing.assert_array_equal(inputs, np.repeat(alone, 5, axis=0))


@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255), (255, 0, 255)])
def test_a_sheet_on_a_key_colour_is_one_too(ground: tuple[int, int, int]) -> None:
    cell = disc(48, 14)
    shown = cell[..., 3:] / 255
    opaque = (cell[..., :3] * shown + np.array(ground) * (1 - shown)).astype(np.uint8)
    assert layout_of(grid(3, 3, opaque)).kind == "sheet"


@given(st.integers(2, 9), st.integers(2, 9), st.integers(16, 40))
def test_a_sheet_of_any_rows_and_columns_is_cut_between_its_figures(rows: int, columns: int, side: int) -> None:
    layout = layout_of(grid(rows, columns, disc(side, side / 2 - 2)))
    assert layout.kind == "sheet"
    assert {(box.right - box.left, box.bottom - box.top) for box in layout.cells} == {(side, side)}
    assert all(box.left % side == 0 and box.top % side == 0 for box in layout.cells)


def test_a_row_of_frames_that_resemble_each_other_is_a_strip() -> None:
    strip = np.concatenate([disc(32, radius) for radius in (9, 10, 11, 12, 13)], axis=1)
    assert layout_of(strip).kind == "strip"
    assert "animated_strip" in facts(strip)


def test_one_figure_and_a_texture_are_neither() -> None:
    assert layout_of(disc(128, 50)) == SINGLE
    assert layout_of(waves(128)) == SINGLE


def test_embeddings_of_figures_become_one_of_length_one() -> None:
    one = as_one(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32))
    np.testing.assert_allclose(one, np.sqrt([0.5, 0.5]), atol=1e-6)


def drawing(side: int = 16) -> Pixels:
    rng = np.random.default_rng(1)
    palette = np.array([(40, 30, 20), (120, 80, 40), (200, 160, 90), (70, 140, 60), (240, 230, 200)], np.uint8)
    return palette[rng.integers(0, len(palette), (side, side))]


def smooth(side: int) -> Pixels:
    rows, columns = np.mgrid[:side, :side] / side
    light = 128 + 60 * np.sin(5 * rows + 2 * columns) + 30 * np.cos(7 * columns)
    return np.dstack([light, light * 0.8, light * 0.5]).astype(np.uint8)


@pytest.mark.parametrize("enlarged", [1, 2, 4, 8])
def test_few_colours_and_hard_steps_are_pixel_art_however_much_enlarged(enlarged: int) -> None:
    pixels = drawing().repeat(enlarged, axis=0).repeat(enlarged, axis=1)
    assert pixel_art_probability(pixels) > 0.9


@pytest.mark.parametrize("side", [24, 32, 64, 128, 256])
def test_what_is_shaded_smoothly_is_none_however_small(side: int) -> None:
    assert pixel_art_probability(smooth(side)) < 0.4


def test_a_soft_edge_is_not_drawn_by_pixels() -> None:
    assert pixel_art_probability(disc(40, 12, softness=4)) < 0.1


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 70), st.integers(1, 70), st.sampled_from([3, 4]))))
def test_any_picture_has_facts_a_layout_and_a_probability(pixels: Pixels) -> None:
    facts(pixels)
    assert 0 <= pixel_art_probability(pixels) <= 1
    height, width = pixels.shape[:2]
    for box in layout_of(pixels).cells:
        assert 0 <= box.left < box.right <= width
        assert 0 <= box.top < box.bottom <= height
