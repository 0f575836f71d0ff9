"""PNG files as extraction writes them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from producer_tools.extraction.pixels import write_png

MODES: dict[str, tuple[tuple[int, ...], Any]] = {
    "L": ((), np.uint8),
    "LA": ((2,), np.uint8),
    "RGB": ((3,), np.uint8),
    "RGBA": ((4,), np.uint8),
    "I;16": ((), np.uint16),
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(mode=st.sampled_from(sorted(MODES)), width=st.integers(1, 40), height=st.integers(1, 40), data=st.data())
def test_equal_pixels_give_equal_files_and_come_back(
    tmp_path: Path, mode: str, width: int, height: int, data: st.DataObject
) -> None:
    bands, dtype = MODES[mode]
    image = Image.fromarray(data.draw(arrays(dtype, (height, width, *bands))))
    first, second = tmp_path / "a [1].png", tmp_path / "b.png"
    write_png(image, first)
    write_png(image, second)
    with Image.open(first) as read:
        assert (read.mode, read.size) == (mode, (width, height))
        assert np.array_equal(np.asarray(read), np.asarray(image))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("mode", ["1", "P"])
def test_other_modes_are_written_too(tmp_path: Path, mode: str) -> None:
    image = Image.linear_gradient("L").convert(mode)
    write_png(image, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as read:
        assert read.convert("RGB").tobytes() == image.convert("RGB").tobytes()


def test_a_large_texture_is_written_whole(tmp_path: Path) -> None:
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (1500, 1100, 4), np.uint8))
    write_png(image, tmp_path / "a.png")
    with Image.open(io.BytesIO((tmp_path / "a.png").read_bytes())) as read:
        assert read.tobytes() == image.tobytes()
