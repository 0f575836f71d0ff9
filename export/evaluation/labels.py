"""labels.csv: which tags a person (or a sure rule) gave to images."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.taxonomy import Category

# Columns whose name differs from their category's.
_COLUMNS: Final = {"texture_roles": ("texture_roles", "texture_role", "role")}
_UNSURE: Final = "?"


class LabelsError(ValueError):
    """labels.csv cannot be used; the message says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """`truths` has an entry only for categories in which something is known; `unsure` are tags nobody can judge."""

    file: str
    game: str
    group: str
    source_path: str
    truths: dict[str, tuple[str, ...]]
    unsure: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Truth:
    """The images (positions `images`) with a known truth in a category; bool `tags` and `known`, both [n, A]."""

    images: NDArray[np.intp]
    tags: NDArray[np.bool_]
    known: NDArray[np.bool_]


def read_labels(paths: Path | Sequence[Path], categories: Iterable[str]) -> list[LabelledImage]:
    """Read the columns named after `categories`: tags joined by `|`, empty where nothing is known.

    `?tag` says that the tag cannot be judged; every tag that is not named is wrong. A file that several tables name is
    one image, whose truths are joined. Raises LabelsError.
    """
    merged: dict[str, LabelledImage] = {}
    names = list(categories)
    for path in [paths] if isinstance(paths, Path) else paths:
        for image in _read(path, names):
            earlier = merged.get(image.file)
            merged[image.file] = image if earlier is None else _joined(earlier, image)
    return list(merged.values())


def truth_of(images: Sequence[LabelledImage], category: str, spec: Category) -> Truth:
    """Return what is known of a category's tags; images of which nothing is known are left out."""
    tags = list(spec.tags)
    at = [place for place, image in enumerate(images) if category in image.truths]
    rows = [images[place].truths[category] for place in at]
    unsure = [images[place].unsure.get(category, ()) for place in at]
    shape = (len(at), len(tags))
    # Labels of an exclusive category that name none of its tags tell nothing of them.
    truth = np.array([[tag in row for tag in tags] for row in rows], dtype=np.bool_).reshape(shape)
    judgeable = np.array([[tag not in row for tag in tags] for row in unsure], dtype=np.bool_).reshape(shape)
    labelled = truth.any(axis=1) if spec.exclusive else np.ones(len(at), dtype=np.bool_)
    return Truth(np.array(at, dtype=np.intp)[labelled], truth[labelled], judgeable[labelled])


def _joined(one: LabelledImage, other: LabelledImage) -> LabelledImage:
    return LabelledImage(
        one.file,
        one.game or other.game,
        one.group or other.group,
        one.source_path or other.source_path,
        one.truths | other.truths,
        one.unsure | other.unsure,
    )


def _read(path: Path, categories: list[str]) -> list[LabelledImage]:
    try:
        with _opened(path) as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsError(f"Cannot read the labels {path}: {getattr(error, 'strerror', None) or error}.") from error
    if not rows or not {"file", "path"}.intersection(rows[0]):
        raise LabelsError(f"{path} needs a header line with a column named file, and at least one image.")
    return [_image(row, categories) for row in rows]


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return cast("IO[str]", gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")


def _image(row: dict[str, str], categories: list[str]) -> LabelledImage:
    truths, unsure = {}, {}
    for category in categories:
        column = next((name for name in _COLUMNS.get(category, (category,)) if row.get(name)), None)
        if column is not None:
            said = row[column].split("|")
            truths[category] = tuple(tag for tag in said if not tag.startswith(_UNSURE))
            unsure[category] = tuple(tag[1:] for tag in said if tag.startswith(_UNSURE))
    path = row.get("source_path") or row.get("member") or row.get("path") or ""
    return LabelledImage(
        file=row.get("file") or f"{row.get('path', '')}!{row.get('member', '')}",
        game=row.get("game") or "",
        group=row.get("group") or "",
        source_path=path,
        truths=truths,
        unsure=unsure,
    )
