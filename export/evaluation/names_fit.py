"""How much each name pattern is worth: log-likelihood ratios, fitted on the paths of labelled images."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Final

from consumer.tagging.bundle.calibration import NameWeights
from consumer.tagging.bundle.name_patterns import AssetNames, matches
from consumer.tagging.bundle.taxonomy import Category, Taxonomy
from export.evaluation.labels import LabelledImage

# One game is one author's habit, however many files it has; and it takes a few games to trust a pattern.
_MOST_OF_A_GAME: Final = 4
_DOUBT: Final = 4.0
_LEAST: Final = -2.0
_MOST: Final = 4.0
_SINGLE_LETTER: Final = 0.5

Counts = dict[tuple[str, str], list[int]]


def fit_names(taxonomy: Taxonomy, images: Sequence[LabelledImage], labels_sha256: str) -> NameWeights:
    """Return the weight of every pattern of the taxonomy, in log-odds.

    For each pattern the share of right hits is taken game by game, a game counting as four images at most, and shrunk
    towards the tag's own frequency, so that what one game does says little. A pattern that no labelled path matches is
    worth the mean of the others of its place (a file's name, or a folder's); a single letter half of that.
    """
    matching = _Matching(
        {pattern for spec in taxonomy.categories.values() for tag in spec.tags.values() for pattern in tag.names}
    )
    names = [matching.keys(AssetNames.of([image.source_path])) for image in images]
    fitted = {category: _fit_category(category, spec, images, names) for category, spec in taxonomy.categories.items()}
    stems, folders = _means(weight for tags in fitted.values() for keys in tags.values() for weight in keys.items())
    for category, spec in taxonomy.categories.items():
        for tag, own in spec.tags.items():
            for pattern in own.names:
                if pattern not in fitted[category][tag]:
                    letters = pattern.strip("_")
                    worth = stems * (_SINGLE_LETTER if len(letters) == 1 else 1.0)
                    fitted[category][tag][pattern] = round(worth, 3)
    return NameWeights(
        labels_sha256=labels_sha256,
        images=len(images),
        weights=fitted,
        stem=round(stems, 3),
        folder=round(folders, 3),
    )


def _fit_category(
    category: str, spec: Category, images: Sequence[LabelledImage], names: Sequence[frozenset[str]]
) -> dict[str, dict[str, float]]:
    labelled = [at for at, image in enumerate(images) if set(image.truths.get(category, ())).intersection(spec.tags)]
    counts: dict[str, Counts] = {tag: defaultdict(lambda: [0, 0]) for tag in spec.tags}
    sizes: dict[str, dict[str, list[int]]] = {tag: defaultdict(lambda: [0, 0]) for tag in spec.tags}
    keys = {tag: {key for name in own.names for key in (name, f"{name}/")} for tag, own in spec.tags.items()}
    for at in labelled:
        image = images[at]
        for tag in spec.tags:
            right = tag in image.truths[category]
            _count(sizes[tag][image.game], right=right)
            for key in names[at] & keys[tag]:
                _count(counts[tag][key, image.game], right=right)
    return {tag: _weights(counts[tag], sizes[tag].values()) for tag in spec.tags}


class _Matching:
    """Which patterns match an asset's names: looked up by their first words, instead of asking every pattern."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._by_word: dict[str, list[str]] = defaultdict(list)
        self._by_beginning: list[tuple[str, str]] = []
        for pattern in patterns:
            first = pattern.strip("_").partition(" ")[0]
            if first.endswith("*"):
                self._by_beginning.append((first[:-1], pattern))
            else:
                self._by_word[first].append(pattern)

    def keys(self, names: AssetNames) -> frozenset[str]:
        """Return what `matches` says of all patterns."""
        words = {word for part in (*names.stems, *names.folders) for word in part}
        forms = {form for word in words for form in (word, word.removesuffix("s"), word.removesuffix("es"))}
        likely = {pattern for form in forms for pattern in self._by_word.get(form, ())}
        likely |= {pattern for start, pattern in self._by_beginning for word in words if word.startswith(start)}
        return frozenset(matches(sorted(likely), names))


def _count(pair: list[int], *, right: bool) -> None:
    pair[0] += right
    pair[1] += 1


def _weights(counts: Counts, sizes: Iterable[list[int]]) -> dict[str, float]:
    shares = [right / total for right, total in sizes]
    frequency = min(max(fmean(shares), 0.005), 0.5) if shares else 0.05
    hits: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for (key, _), (right, total) in counts.items():
        weight = min(total, _MOST_OF_A_GAME)
        hits[key][0] += weight * right / total
        hits[key][1] += weight
    return {
        key: round(
            min(max(_log_odds((right + _DOUBT * frequency) / (total + _DOUBT)) - _log_odds(frequency), _LEAST), _MOST),
            3,
        )
        for key, (right, total) in hits.items()
    }


def _means(weights: Iterable[tuple[str, float]]) -> tuple[float, float]:
    stems: list[float] = []
    folders: list[float] = []
    for key, weight in weights:
        (folders if key.endswith("/") else stems).append(weight)
    return (fmean(stems) if stems else 1.0), (fmean(folders) if folders else 0.5)


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-3), 1 - 1e-3)
    return math.log(bounded / (1 - bounded))
