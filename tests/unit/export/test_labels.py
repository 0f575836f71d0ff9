from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from consumer.tagging.bundle.taxonomy import parse_taxonomy
from export.evaluation.labels import LabelsError, read_labels, truth_of
from tests.unit.tagging.tiny import TAXONOMY_JSON

TEXT = "file,game,object_types,art_styles,texture_role\na.png,g,character|ui_element,,icon\nb.png,g,,cartoon,\n"
SPECS = parse_taxonomy(TAXONOMY_JSON).categories


def test_several_tags_are_split_and_an_empty_field_means_unknown(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(TEXT)
    first, second = read_labels(tmp_path / "labels.csv", ["object_types", "art_styles", "texture_roles"])
    assert first.truths == {"object_types": ("character", "ui_element"), "texture_roles": ("icon",)}
    assert second.truths == {"art_styles": ("cartoon",)}


def test_tables_of_the_same_files_are_joined(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("file,game,beasts\na.png,g,cat\n")
    (tmp_path / "two.csv").write_text("file,colours\na.png,red\nb.png,neon\n")
    joined = read_labels([tmp_path / "one.csv", tmp_path / "two.csv"], SPECS)
    assert [(image.file, image.game, image.truths) for image in joined] == [
        ("a.png", "g", {"beasts": ("cat",), "colours": ("red",)}),
        ("b.png", "", {"colours": ("neon",)}),
    ]


def test_images_of_unknown_truth_are_left_out_of_the_matrix(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,beasts\na.png,\nb.png,dog\nc.png,wolf\n")
    truth = truth_of(read_labels(tmp_path / "labels.csv", SPECS), "beasts", SPECS["beasts"])
    assert truth.images.tolist() == [1]
    assert truth.tags.tolist() == [[False, True]]


def test_a_question_mark_says_that_a_tag_cannot_be_judged(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,colours\na.png,red|?neon\nb.png,?red\n")
    truth = truth_of(read_labels(tmp_path / "labels.csv", SPECS), "colours", SPECS["colours"])
    assert truth.tags.tolist() == [[True, False], [False, False]]
    assert truth.known.tolist() == [[True, False], [False, True]]


def test_a_packed_table_of_paths_is_read_too(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "manifest.csv.gz", "wt") as file:
        file.write("game,path,member,role\ng,a.zip,inner/T_Door_N.png,normal_map\n")
    (image,) = read_labels(tmp_path / "manifest.csv.gz", ["texture_roles"])
    assert (image.source_path, image.truths) == ("inner/T_Door_N.png", {"texture_roles": ("normal_map",)})


def test_a_file_that_is_missing_or_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="Cannot read"):
        read_labels(tmp_path / "none.csv", [])
    (tmp_path / "labels.csv").write_text("file,game\n")
    with pytest.raises(LabelsError, match="at least one image"):
        read_labels(tmp_path / "labels.csv", [])
