"""What files are called: words, patterns, and the traps between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.tagging.bundle.name_patterns import AssetNames, matches, words_of
from consumer.tagging.bundle.taxonomy import TaxonomyError, parse_taxonomy
from tests.unit.tagging.tiny import TAXONOMY_JSON


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("T_RustyRifle_01_N", ("t", "rusty", "rifle", "n")),
        ("skybox_up", ("skybox", "up")),
        ("heroDiffuse2048", ("hero", "diffuse")),
        ("HUDButton-Pressed", ("hud", "button", "pressed")),
        ("1234", ()),
    ],
)
def test_names_are_split_at_case_digits_and_separators(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("pattern", "name", "keys"),
    [
        ("rifle", "Assets/Guns/T_Rifle_N.png", ["rifle"]),
        ("gun", "Assets/Guns/T_Rifle_N.png", ["gun/"]),
        ("_n", "Assets/Guns/T_Rifle_N.png", ["_n"]),
        ("_n", "n.png", []),
        ("_n", "sky/n_wall.png", []),
        ("ui_", "ui_frame", ["ui_"]),
        ("ui_", "frame_ui", []),
        ("sky*", "SkyDome3", ["sky*"]),
        ("sky", "skydome", []),
        ("normal map", "door-normal-map.tga", ["normal map"]),
        ("normal map", "map_normal", []),
        ("box", "boxes.dds", ["box"]),
        ("car", "scar", []),
        ("icon", "archive.unity3d/icons/kart.diffuse.png", ["icon/"]),
    ],
)
def test_a_pattern_matches_whole_words_where_it_says(pattern: str, name: str, keys: list[str]) -> None:
    assert matches([pattern], AssetNames.of([name])) == keys


def test_unitys_prefix_for_textures_says_nothing() -> None:
    assert AssetNames.of(["T_Sword"]).stems == (("sword",),)


def test_the_same_name_given_thrice_is_one_name() -> None:
    assert AssetNames.of(["a/sword.png", "sword", None, "a/sword.png"]) == AssetNames((("sword",),), (("a",),))


def test_a_pattern_that_could_never_match_is_refused_by_the_taxonomy() -> None:
    with pytest.raises(TaxonomyError, match="names"):
        parse_taxonomy(TAXONOMY_JSON.replace('"prompts": ["cat"]', '"prompts": ["cat"], "names": ["T_*_N"]'))


@given(st.lists(st.text(max_size=40), max_size=3))
def test_any_names_are_read(names: list[str]) -> None:
    assert matches(["rifle", "_n", "ui_", "sky*"], AssetNames.of(names)) is not None
