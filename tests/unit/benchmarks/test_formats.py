"""The comparisons with other readers tell what is equal, what differs on purpose, and what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.formats.dds_corpus import verdict
from benchmarks.formats.three_colours import Counted, counted
from benchmarks.formats.unity_objects import Compared, compared
from consumer.imaging.facts import TextureFacts
from consumer.imaging.picture import Picture
from samples.unity_bundle import bundle_of, serialized_file
from tests.unit.producer.unity_making import MATERIAL, SPRITE, TEXTURE, cut, material, rgb, rgba, shades


def character() -> bytes:
    """Return a bundle as games have of a character: twins of one name, each with alpha of its own, and sprites."""
    return bundle_of(
        {
            "CAB-1": serialized_file(
                [
                    (10, TEXTURE, rgb("hero[alpha]", np.dstack([shades(2)[..., :1]] * 3))),
                    (11, TEXTURE, rgb("hero", shades(3))),
                    (12, TEXTURE, rgb("hero[alpha]", np.dstack([shades(4)[..., :1]] * 3))),
                    (13, TEXTURE, rgb("hero", shades(5))),
                    (14, TEXTURE, rgba("portrait", shades(6))),
                    (15, SPRITE, cut("portrait", 0, 14, (2, 3, 10, 7))),
                    (20, MATERIAL, material("front", _MainTex=11, _AlphaTex=12)),
                    (21, MATERIAL, material("back", _MainTex=13, _AlphaTex=10)),
                ]
            )
        }
    )


def test_every_object_of_a_bundle_is_equal_to_unitypys_with_pointers_followed(tmp_path: Path) -> None:
    bundle = tmp_path / "hero.bundle"
    bundle.write_bytes(character())
    assert sorted(compared(bundle)) == [
        Compared("Sprite", "portrait", "whole", is_equal=True),
        *[Compared("Texture2D", "hero", "base", is_equal=True)] * 2,
        *[Compared("Texture2D", "hero[alpha]", "alpha", is_equal=True)] * 2,
        Compared("Texture2D", "portrait", "whole", is_equal=True),
    ]


def test_a_picture_is_equal_different_on_purpose_or_wrong() -> None:
    theirs = shades(1)
    two_channels = TextureFacts(format="BC5", usage="normal_map")
    normals = theirs[..., :3].copy()
    normals[..., 2] = 255 - normals[..., 2]
    assert verdict(Picture(theirs, "RGBA"), theirs) == ("equal", "")
    assert verdict(Picture(normals, "RGB", facts=two_channels), theirs)[0] == "meant"
    assert verdict(Picture(normals[:, ::-1], "RGB", facts=two_channels), theirs)[0] == "wrong"
    assert verdict(Picture(theirs[1:], "RGBA"), theirs) == ("wrong", "16 by 7 pixels, not 16 by 8")


def test_blocks_that_look_different_in_three_colours_are_counted() -> None:
    """Of four: in order; the reverse, seen only at its ends; the reverse, with what lies between; both ends equal."""
    alpha = bytes(8)
    red, blue = (0xF800).to_bytes(2, "little"), (0x001F).to_bytes(2, "little")
    ends_alone, between = bytes([0b01000100]) * 4, bytes([0b11100100]) * 4
    every = (
        alpha + red + blue + between,
        alpha + blue + red + ends_alone,
        alpha + blue + red + between,
        alpha + red + red + ends_alone,
    )
    assert counted(b"".join(every)) == Counted(blocks=4, reversed=3, different=1, most_levels=170)
