"""Contests: everybody has the same turns, the first does not count, and medians are compared."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.support.contest import Contest, Measurement
from benchmarks.support.figures import Figure
from benchmarks.support.images import SAMPLES, textures, write_pngs
from benchmarks.support.speed_picture import draw


class Scripted:
    def __init__(self, seconds: list[float]) -> None:
        self.seconds: Iterator[float] = iter(seconds)
        self.asked: list[int] = []

    async def turn(self, images: int) -> Measurement:
        self.asked.append(images)
        seconds = next(self.seconds)
        return Measurement(images, seconds, 2 * seconds)


async def test_ratios_are_of_medians_and_the_first_round_is_a_rehearsal() -> None:
    ours, theirs = Scripted([100, 1, 1, 50]), Scripted([0.1, 4, 5, 4])

    contest = await Contest({"ours": (ours, 10), "theirs": (theirs, 20)}).run(rounds=3)

    assert ours.asked == [10] * 4
    assert contest.rate("ours") == pytest.approx(10)
    assert contest.rate("theirs") == pytest.approx(5)
    assert contest.faster("ours", "theirs") == pytest.approx(2)
    assert contest.cpu_ms("ours") == pytest.approx(200)
    assert contest.dearer("theirs", "ours") == pytest.approx(2)


def test_images_are_real_textures_of_the_wanted_size(tmp_path: Path) -> None:
    folder = write_pngs(textures(SAMPLES)[:3], tmp_path / "pngs", 64)

    sizes = [Image.open(io.BytesIO(path.read_bytes())).size for path in sorted(folder.iterdir())]

    assert sizes == [(64, 64)] * 3


def test_a_folder_without_textures_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="name a folder of textures"):
        textures(tmp_path)


def test_the_picture_names_every_goal(tmp_path: Path) -> None:
    figures = [
        Figure("product_images_per_second", 80, "images/s", None, "higher"),
        Figure("product_over_limit", 0.9, "ratio", 0.8, "higher"),
        Figure("tagger_rss", 500, "MB", 450, "lower"),
    ]

    draw(figures, "two CPUs", tmp_path / "bench.svg")

    assert (tmp_path / "bench.svg").read_text().startswith("<?xml")
