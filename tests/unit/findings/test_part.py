"""Whether one texture lies in another: cropped from it, or with padding around it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from consumer.findings.relation import Relation, is_told_of, part_relation, seen_within
from tests.unit.findings.test_relation import cut_out, jpeg, of, picture

WIDTH, HEIGHT = 200, 150


def told(one: Image.Image, other: Image.Image) -> Relation | None:
    sighting = seen_within(of(one), of(other))
    return None if sighting is None else part_relation(np.asarray(one), np.asarray(other), sighting)


def whole() -> Image.Image:
    return picture(4, (WIDTH, HEIGHT))


def padded(
    image: Image.Image, colour: str, size: tuple[int, int] = (256, 256), at: tuple[int, int] = (0, 0)
) -> Image.Image:
    canvas = Image.new("RGBA", size, colour)
    canvas.paste(image, at)
    return canvas


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_is_cut_out_is_cropped(data: st.DataObject) -> None:
    width, height = data.draw(st.integers(70, WIDTH - 20)), data.draw(st.integers(60, HEIGHT))
    left, top = data.draw(st.integers(0, WIDTH - width)), data.draw(st.integers(0, HEIGHT - height))

    assert told(whole().crop((left, top, left + width, top + height)), whole()) is Relation.CROPPED


@pytest.mark.parametrize("colour", ["#00000000", "#000000", "#ff00ff"])
def test_a_margin_of_one_colour_is_padding(colour: str) -> None:
    assert told(whole(), padded(whole(), colour)) is Relation.PADDED
    assert told(whole(), padded(whole(), colour, at=(31, 57))) is Relation.PADDED


def test_an_edge_drawn_out_is_padding_too() -> None:
    gutter = Image.fromarray(np.pad(np.asarray(whole()), ((8, 8), (5, 11), (0, 0)), mode="edge"))

    assert told(whole(), gutter) is Relation.PADDED


def test_a_cut_out_sprite_is_found_on_a_larger_sheet() -> None:
    sprite = cut_out(picture(7, (90, 80)))

    assert told(sprite, padded(sprite, "#00000000", (150, 128), (40, 20))) is Relation.PADDED


def test_compression_hides_no_crop() -> None:
    assert told(jpeg(whole().crop((13, 21, 171, 130))), whole()) is Relation.CROPPED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (picture(8, (100, 80)), whole()),
        (whole().crop((20, 20, 160, 130)).resize((100, 80)), whole()),
        (whole(), whole()),
        (whole(), picture(4, (180, 160))),
        (Image.new("RGBA", (64, 64), "#808080"), padded(Image.new("RGBA", (64, 64), "#808080"), "#000000")),
        (whole().crop((20, 20, 26, 26)), whole()),
    ],
    ids=["another picture", "another scale", "the same", "too wide", "one colour", "too small"],
)
def test_what_does_not_lie_in_it_or_cannot_be_told_is_none(one: Image.Image, other: Image.Image) -> None:
    assert told(one, other) is None


def test_padding_is_said_of_the_larger_and_all_else_of_the_smaller() -> None:
    small, large = (10, 10), (20, 20)

    assert is_told_of(Relation.PADDED, large, small)
    assert not is_told_of(Relation.PADDED, small, large)
    assert is_told_of(Relation.CROPPED, small, large)
    assert not is_told_of(Relation.MIP_OF, large, small)
    assert is_told_of(Relation.RECOMPRESSED, small, small)
