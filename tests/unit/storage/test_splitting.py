"""Names taken apart into words."""

from __future__ import annotations

import json

import pytest

from consumer.storage.tables.search.splitting import taken_apart, words_of
from tests.unit.storage.samples import row


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("game/items/rustySword2.png", ["game", "items", "rusty", "sword", "2", "png"]),
        ("T_Door-01_D", ["t", "door", "01", "d"]),
        ("01sword", ["01sword"]),
        ("GRÜNETASSE", ["grünetasse"]),
        ("剣 盾", ["剣", "盾"]),
        ("", []),
    ],
)
def test_camel_case_digits_and_signs_part_words(text: str, expected: list[str]) -> None:
    assert taken_apart(text) == expected


def test_words_are_those_of_an_id_and_of_what_its_source_is_called() -> None:
    source = json.dumps({"engine": "unity", "container_path": "Assets/Props/oak", "name": "Oak tree", "game": "Woods"})

    assert words_of([row("pack/oakLeaf.png", source=source), row("pack/elm")]) == {
        *("pack", "oak", "leaf", "png", "elm"),
        *("assets", "props", "tree", "woods"),
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("9f86d081884c7d659a2cfaa0c55ad015", set()),
        ("0001", set()),
        ("ab", set()),
        ("7face", set()),
        ("q" * 41, set()),
        ("12345sword", set()),
        ("face", {"face"}),
        ("01sword", {"01sword"}),
        ("q" * 40, {"q" * 40}),
    ],
)
def test_numbers_and_hashes_are_no_words(name: str, words: set[str]) -> None:
    assert words_of([row(name)]) == words
