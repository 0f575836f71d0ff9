from __future__ import annotations

from pathlib import Path

import pytest

from export.labels import LabelsError, read_labels, truth_matrix

TEXT = "file,game,object_types,art_styles,texture_role\na.png,g,character|ui_element,,icon\nb.png,g,,cartoon,\n"


def test_several_tags_are_split_and_an_empty_field_means_unknown(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(TEXT)
    first, second = read_labels(tmp_path / "labels.csv", ["object_types", "art_styles", "texture_roles"])
    assert first.truths == {"object_types": ("character", "ui_element"), "texture_roles": ("icon",)}
    assert second.truths == {"art_styles": ("cartoon",)}


def test_images_of_unknown_truth_are_left_out_of_the_matrix(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(TEXT)
    labelled = read_labels(tmp_path / "labels.csv", ["art_styles"])
    known, truth = truth_matrix(labelled, "art_styles", ["anime", "cartoon"])
    assert known.tolist() == [1]
    assert truth.tolist() == [[False, True]]


def test_a_file_that_is_missing_or_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="Cannot read"):
        read_labels(tmp_path / "none.csv", [])
    (tmp_path / "labels.csv").write_text("file,game\n")
    with pytest.raises(LabelsError, match="at least one image"):
        read_labels(tmp_path / "labels.csv", [])
