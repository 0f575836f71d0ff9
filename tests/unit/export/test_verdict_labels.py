"""labels.csv of verdicts: what is read from it is what people said, and nothing more."""

from __future__ import annotations

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from consumer.tagging.bundle.taxonomy import parse_taxonomy
from export.evaluation.labels import LabelledImage, read_labels, truth_of
from export.evaluation.verdict_labels import LabelTable, ReviewedImage, label_table
from tests.unit.tagging.tiny import TAXONOMY_JSON

TAXONOMY = parse_taxonomy(TAXONOMY_JSON)
CAT, HOUND, RED, NEON = ("beasts", "cat"), ("beasts", "hound"), ("colours", "red"), ("colours", "neon")
WORDS = st.dictionaries(st.sampled_from([CAT, HOUND, RED, NEON]), st.booleans(), min_size=1)


def image(file: str = "a.png", **said: bool) -> ReviewedImage:
    """Return an image of which that was said, by category and tag as `colours_red`."""
    keys = {name.partition("_")[::2]: word for name, word in said.items()}
    return ReviewedImage(file, "castle", f"art/{file}", dict(keys))


def cells(*images: ReviewedImage) -> list[dict[str, str]]:
    return [dict(row) for row in label_table(TAXONOMY, images).rows]


def test_of_tags_that_exclude_each_other_the_right_one_is_the_label_under_the_taxonomys_name() -> None:
    assert cells(image(beasts_hound=True, beasts_cat=False)) == [
        {"file": "a.png", "game": "castle", "source_path": "art/a.png", "beasts": "dog"}
    ]


def test_where_several_can_be_right_what_nobody_judged_is_marked() -> None:
    (row,) = cells(image(colours_red=True))
    assert row["colours"] == "red|?neon"
    (row,) = cells(image(colours_red=False))
    assert row["colours"] == "?neon"
    (row,) = cells(image(colours_red=False, colours_neon=False))
    assert row["colours"] == "-"


def test_an_image_of_which_only_an_exclusive_tag_was_rejected_gives_no_label() -> None:
    table = label_table(TAXONOMY, [image(beasts_cat=False), image("b.png", beasts_cat=True)])
    assert ([row["file"] for row in table.rows], table.silent) == (["b.png"], 1)


def test_equal_images_are_one_and_disagreement_is_no_label() -> None:
    (row,) = cells(image(colours_red=True, colours_neon=True), image(colours_red=False, beasts_cat=True))
    assert (row["beasts"], row["colours"]) == ("cat", "neon|?red")


def test_a_tag_of_another_taxonomy_is_named_and_left_out() -> None:
    table = label_table(TAXONOMY, [image(beasts_dragon=True), image("b.png", other_thing=True, beasts_cat=True)])
    assert ([row["file"] for row in table.rows], table.silent) == (["b.png"], 0)
    assert table.foreign == {"beasts/dragon", "other/thing"}


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_what_is_read_back_is_what_was_said(said: list[dict[tuple[str, str], bool]]) -> None:
    images = [ReviewedImage(f"{number}.png", "g", f"{number}.png", words) for number, words in enumerate(said)]
    table = label_table(TAXONOMY, images)
    read = _read(table)
    for category, spec in TAXONOMY.categories.items():
        truth = truth_of(read, category, spec)
        told = {}
        for at, tags, known in zip(truth.images, truth.tags, truth.known, strict=True):
            for tag, right, judged in zip(spec.tags, tags, known, strict=True):
                if judged:
                    told[read[at].file, spec.shown_name(tag)] = bool(right)
        assert told == _expected(images, category, exclusive=spec.exclusive)


def _expected(images: list[ReviewedImage], category: str, *, exclusive: bool) -> dict[tuple[str, str], bool]:
    expected = {}
    for one in images:
        own = {tag: word is True for (of, tag), word in one.said.items() if of == category}
        if exclusive and not any(own.values()):
            continue
        others = {"cat", "hound"} if exclusive else set()
        expected.update({(one.file, tag): own.get(tag, False) for tag in others | own.keys()})
    return expected


def _read(table: LabelTable) -> list[LabelledImage]:
    if not table.rows:
        return []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "labels.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, table.columns)
            rows.writeheader()
            rows.writerows(table.rows)
        return read_labels(path, TAXONOMY.categories)
