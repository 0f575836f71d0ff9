"""labels.csv: which tags a person (or a sure rule) gave to images."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Columns whose name differs from their category's.
_COLUMN_OF = {"texture_roles": "texture_role"}


class LabelsError(ValueError):
    """labels.csv cannot be used; the message says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """`truths` has an entry only for categories in which something is known of the image."""

    file: str
    game: str
    group: str
    source_path: str
    truths: dict[str, tuple[str, ...]]


def read_labels(path: Path, categories: Iterable[str]) -> list[LabelledImage]:
    """Read the columns named after `categories` (tags joined by `|`, empty: unknown). Raises LabelsError."""
    wanted = {category: _COLUMN_OF.get(category, category) for category in categories}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise LabelsError(f"Cannot read the labels {path}: {error.strerror or error}.") from error
    if not rows or "file" not in rows[0]:
        raise LabelsError(f"{path} needs a header line with a column named file, and at least one image.")
    return [
        LabelledImage(
            file=row["file"],
            game=row.get("game") or "",
            group=row.get("group") or "",
            source_path=row.get("source_path") or "",
            truths={category: tuple(row[column].split("|")) for category, column in wanted.items() if row.get(column)},
        )
        for row in rows
    ]


def truth_matrix(
    images: list[LabelledImage], category: str, tags: list[str]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the positions of images with a known truth in `category`, and for these bool [n, tags]."""
    known = [at for at, image in enumerate(images) if set(image.truths.get(category, ())).intersection(tags)]
    matrix = [[tag in images[at].truths[category] for tag in tags] for at in known]
    return np.array(known, dtype=np.intp), np.array(matrix, dtype=np.bool_).reshape(len(known), len(tags))
