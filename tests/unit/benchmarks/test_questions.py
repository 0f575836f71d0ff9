"""Questions to a library: which answers are right was said by somebody who looked, and can be counted again."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.questions.__main__ import QUESTIONS
from benchmarks.questions.judged import FILE, Judged, judgements
from benchmarks.questions.library import textures
from benchmarks.questions.sheets import draw_sheet

SAID = Judged({"right": True, "wrong": False, "also right": True})


def test_an_answer_that_nobody_looked_at_is_not_counted_as_right() -> None:
    assert SAID.precision(["right", "wrong", "unseen", "also right"]) == pytest.approx(0.5)
    assert SAID.unjudged(["right", "wrong", "unseen"]) == ["unseen"]
    assert SAID.known == 2
    assert SAID.precision([]) == 0


def test_ten_answers_count() -> None:
    assert SAID.precision(["wrong"] * 10 + ["right"]) == 0


def test_every_question_was_judged_and_no_answer_twice() -> None:
    with FILE.open(encoding="utf-8", newline="") as lines:
        rows = [(row["question"], row["asset_id"]) for row in csv.DictReader(lines)]

    assert len(set(rows)) == len(rows)
    assert set(judgements()) == set(QUESTIONS)
    assert len(QUESTIONS) == 30


def test_a_texture_goes_by_its_path_in_its_game_and_once(tmp_path: Path) -> None:
    columns = ["file", "game", "source_path"]
    paths = ["usr/share/games/mine/images/ship.png", "usr/share/games/mine/pak0.pk3!gfx/a.tga", "pak1.pk3!gfx/a.tga"]
    for number in range(3):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(tmp_path / f"{number}.png")
    with (tmp_path / "labels.csv").open("w", newline="") as lines:
        csv.writer(lines).writerows([columns, *([f"{n}.png", "mine", path] for n, path in enumerate(paths))])

    found = [texture for texture in textures(tmp_path / "labels.csv", tmp_path) if texture.path.parent == tmp_path]

    assert [(texture.asset_id, texture.path.name) for texture in found] == [
        ("mine/images/ship.png", "0.png"),
        ("mine/gfx/a.tga", "1.png"),
    ]


def test_a_sheet_shows_answers_with_rows_to_fill_in(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 4), (255, 0, 0, 255)).save(tmp_path / "red.png")

    draw_sheet("red thing", ["game/red.png"], {"game/red.png": tmp_path / "red.png"}, tmp_path / "sheets")

    assert (tmp_path / "sheets/red-thing.csv").read_text() == "red thing,game/red.png,\n"
    with Image.open(tmp_path / "sheets/red-thing.png") as sheet:
        assert (255, 0, 0) in {colour for _, colour in sheet.getcolors(2**24) or []}


def test_the_page_on_search_tells_of_every_question() -> None:
    page = (Path(__file__).parents[3] / "docs/gateway.md").read_text(encoding="utf-8")

    assert [question for question in QUESTIONS if f"| {question} |" not in page] == []
