"""Perceptual hashes bring textures together that were made from each other, and leave others apart."""

from __future__ import annotations

import pytest
from PIL import Image

from consumer.searching.hash_index import HashIndex
from tests.unit.findings.test_relation import cut_out, jpeg, of, picture

Transpose = Image.Transpose


def index(*others: Image.Image) -> HashIndex:
    made = HashIndex()
    for number, image in enumerate(others):
        made.add(f"other-{number}", of(image))
    return made


@pytest.mark.parametrize("how", list(Transpose))
def test_a_texture_is_found_on_whatever_side_it_lies(how: Transpose) -> None:
    known = index(picture(2), picture())

    assert known.near(of(picture().transpose(how))) == ["other-1"]


@pytest.mark.parametrize(
    "made",
    [jpeg(picture()), picture().resize((24, 16), Image.Resampling.BOX), cut_out(picture()), picture()],
    ids=["compressed", "small", "alpha", "the same"],
)
def test_what_was_made_of_a_texture_is_near_it(made: Image.Image) -> None:
    assert "other-1" in index(picture(2), picture()).near(of(made))


def test_the_nearest_come_first_and_there_is_an_end_to_them() -> None:
    known = index(picture().transpose(Transpose.ROTATE_90), *[picture()] * 40, jpeg(picture()))

    near = known.near(of(picture()))

    assert near[0] in {"other-0", "other-1"}
    assert len(near) == 32


def test_an_index_grows_with_what_it_takes_in() -> None:
    known = HashIndex()
    for seed in range(700):
        known.add(str(seed), of(picture(seed, (32, 32))))

    assert "699" in known.near(of(picture(699, (32, 32))))
    assert "0" in known.near(of(picture(0, (32, 32))))


def test_pictures_of_one_colour_are_near_to_nothing() -> None:
    grey = Image.new("RGBA", (64, 64), "#808080")

    assert index(grey, picture()).near(of(grey)) == []
