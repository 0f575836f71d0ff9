"""What people said of stored assets as labels.csv, the table that calibration and evaluation read: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from consumer.tagging.bundle.taxonomy import Category, Taxonomy

# Not a tag: an image of which every tag of a category was rejected is known to have none.
_NO_TAG: Final = "-"
_FACTS: Final = ("file", "game", "source_path")


@dataclass(frozen=True, slots=True)
class ReviewedImage:
    """An image; ``said`` by category and tag as events name it: right, wrong, or None where people disagree."""

    file: str
    game: str
    source_path: str
    said: Mapping[tuple[str, str], bool | None]


@dataclass(frozen=True, slots=True)
class LabelTable:
    """The rows of labels.csv, each by ``columns``.

    ``silent``: images whose words no table of labels can hold, because only tags of an exclusive category were
    rejected. ``foreign``: names of tags, with their category, that the taxonomy does not have.
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    silent: int
    foreign: frozenset[str]


def label_table(taxonomy: Taxonomy, images: Iterable[ReviewedImage]) -> LabelTable:
    """Return a row for each image, with what assets of equal content were said to show."""
    rows, silent = [], 0
    told: set[tuple[str, str]] = set()
    for image in each_once(images):
        told.update(image.said)
        cells = {category: _cell(category, spec, image.said) for category, spec in taxonomy.categories.items()}
        if any(cells.values()):
            rows.append({"file": image.file, "game": image.game, "source_path": image.source_path, **cells})
        elif any(key in _known(taxonomy) for key in image.said):
            silent += 1
    # A column in which nothing is known says nothing.
    spoken = tuple(category for category in taxonomy.categories if any(row[category] for row in rows))
    columns = (*_FACTS, *spoken)
    foreign = frozenset(f"{category}/{tag}" for category, tag in told - _known(taxonomy))
    return LabelTable(columns, tuple({name: row[name] for name in columns} for row in rows), silent, foreign)


def each_once(images: Iterable[ReviewedImage]) -> list[ReviewedImage]:
    """Return one for each file, in order: what is said of equal images is said of one, and disagreement shows."""
    merged: dict[str, ReviewedImage] = {}
    for image in images:
        earlier = merged.get(image.file)
        merged[image.file] = image if earlier is None else replace(earlier, said=_joined(earlier.said, image.said))
    return list(merged.values())


def _joined(
    one: Mapping[tuple[str, str], bool | None], other: Mapping[tuple[str, str], bool | None]
) -> dict[tuple[str, str], bool | None]:
    disagreed = {key for key in one.keys() & other.keys() if one[key] != other[key]}
    return {**one, **other, **dict.fromkeys(disagreed)}


def _known(taxonomy: Taxonomy) -> set[tuple[str, str]]:
    return {(category, spec.shown_name(tag)) for category, spec in taxonomy.categories.items() for tag in spec.tags}


def _cell(category: str, spec: Category, said: Mapping[tuple[str, str], bool | None]) -> str:
    """Return the category's cell: the right tags, and with a question mark those that nobody judged."""
    words = {tag: said[key] for tag in spec.tags if (key := (category, spec.shown_name(tag))) in said}
    right = [tag for tag, word in words.items() if word is True]
    if not words or (spec.exclusive and not right):
        return ""
    # A right tag of an exclusive category says of all others that they are wrong, but for those people disagree on.
    judged = words if spec.exclusive else spec.tags
    unsure = [tag for tag in judged if words.get(tag) is None]
    return "|".join([*right, *(f"?{tag}" for tag in unsure)]) or _NO_TAG
