"""The page of duplicate textures: one file that asks no host for anything."""

from __future__ import annotations

import re

import numpy as np

from aegis.views.duplicates import duplicates_page, side
from consumer.findings.relation import Relation
from consumer.searching.duplicates import Duplicate

MIB = 1024 * 1024
PIXELS = np.zeros((40, 300, 4), np.uint8)


def page() -> str:
    pairs = [
        Duplicate("half.png", "wall.png", Relation.MIP_OF, 2 * MIB),
        Duplicate("<b>part</b>.png", "wall.png", Relation.CROPPED, MIB),
        Duplicate("more.png", "wall.png", Relation.CROPPED, MIB),
    ]
    sides = {name: side(name, PIXELS) for name in ("half.png", "wall.png")}
    sides["<b>part</b>.png"] = side("<b>part</b>.png", None)
    return duplicates_page(pairs[:2], pairs, sides)


def test_it_counts_all_pairs_and_shows_those_that_save_most() -> None:
    text = page()

    assert "3 pairs, 4.00 MiB of files; the 2 that save most are shown." in text
    assert "<td>cropped</td><td>2</td><td>2.00</td>" in text
    assert text.count("<li>") == 2
    assert "more.png" not in text


def test_it_holds_its_pictures_and_names_no_other_address() -> None:
    text = page()
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)

    assert len(addresses) == 3
    assert all(address.startswith("data:image/webp;base64,") for address in addresses)
    assert "http" not in text.replace("http-equiv", "")
    assert "300 by 40" in text


def test_names_are_shown_as_they_are_and_a_missing_picture_is_said() -> None:
    text = page()

    assert "&lt;b&gt;part&lt;/b&gt;.png" in text
    assert "<b>" not in text
    assert "no picture" in text


def test_a_library_without_duplicates_has_a_page_too() -> None:
    assert "0 pairs, 0.00 MiB of files." in duplicates_page([], [], {})
