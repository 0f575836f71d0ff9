"""From images' evidence to tags with confidences: numpy only, one image or thousands at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypedDict

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle import Bundle
from consumer.tagging.calibration import CategoryCalibration
from consumer.tagging.judging import Evidence, judge
from consumer.tagging.name_evidence import NameEvidence
from consumer.tagging.names import AssetNames
from consumer.tagging.taxonomy import Category
from schemas.tagged import Tag

PIXELS: Final = "pixels"
NAMES: Final = "names"
NO_NAMES: Final = AssetNames()
# Wider than what rounding a confidence to four digits can move it.
_ROUNDING: Final = 1e-4
Vector = NDArray[np.floating]
PixelEvidence = Mapping[str, Mapping[str, float]]
Column = NDArray[np.generic]


class GivenTag(TypedDict):
    """A tag as events carry it, without a model's validation of what we made ourselves."""

    tag: str
    category: str
    confidence: float
    source_model: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """What one category needs, laid out for numpy; `rows` are its places in the stacked matrix."""

    spec: Category
    names: tuple[str, ...]
    has_vector: NDArray[np.bool_]
    has_test: NDArray[np.bool_]
    rows: slice
    background_rows: slice
    fitted: CategoryCalibration | None
    own_bounds: NDArray[np.float64]

    def bounds(self, threshold: float | None) -> NDArray[np.float64]:
        """Return what each confidence must reach; nothing reaches that of a tag that is off."""
        return self.own_bounds if threshold is None else np.where(np.isinf(self.own_bounds), np.inf, threshold)


class Scorer:
    """Scores embeddings against a bundle's vocabulary. Immutable, so threads may share it.

    Without a calibration in the bundle the model's own logit scale is used as it is: such confidences order tags well,
    but are no probabilities, and `calibrated` is False.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.calibrated = bundle.calibration is not None
        self._scale = bundle.manifest.logit_scale
        self._source = bundle.manifest.source_model
        fitted = bundle.calibration.categories if bundle.calibration else {}
        self._words = NameEvidence(bundle.taxonomy.categories, bundle.calibration.names if bundle.calibration else None)
        parts, at = [], 0
        self._rules: dict[str, _Rule] = {}
        for category, spec in bundle.taxonomy.categories.items():
            vectors = bundle.vectors[category]
            parts += [vectors.tags, vectors.background]
            middle, end = at + len(vectors.names), at + len(vectors.names) + len(vectors.background)
            names = tuple(spec.tags)
            self._rules[category] = _Rule(
                spec=spec,
                names=names,
                has_vector=np.array([name in vectors.names for name in names]),
                has_test=np.array([spec.evidence_of(name) in {"pixels", "both"} for name in names]),
                rows=slice(at, middle),
                background_rows=slice(middle, end),
                fitted=fitted.get(category),
                own_bounds=np.array([np.inf if spec.tags[name].off else spec.threshold_of(name) for name in names]),
            )
            at = end
        self._shown = {
            category: np.array([rule.spec.shown_name(name) for name in rule.names], object)
            for category, rule in self._rules.items()
        }
        self._said_by = {category: self._speakers(rule) for category, rule in self._rules.items()}
        # In float64 a sum does not depend on how many rows are multiplied at once, as far as a confidence shows.
        self._matrix = np.concatenate(parts).astype(np.float64)

    def score(
        self,
        embedding: Vector,
        pixels: PixelEvidence,
        names: AssetNames = NO_NAMES,
        *,
        threshold: float | None = None,
    ) -> list[Tag]:
        """Return the tags that reach their thresholds, highest confidence first.

        `embedding`: [D], L2-normalised. `pixels`: probability by category and tag, from tests on the pixels; heard for
        tags whose evidence they are. `names`: what the asset is called; without any, the picture decides alone.
        `threshold`: in place of the taxonomy's own.
        """
        (given,) = self.score_rows(embedding[None], [pixels], [names], threshold=threshold)
        return [Tag(**one) for one in given]

    def score_rows(
        self,
        embeddings: Vector,
        pixels: Sequence[PixelEvidence],
        names: Sequence[AssetNames],
        *,
        threshold: float | None = None,
    ) -> list[list[GivenTag]]:
        """Return for each row of `embeddings` [n, D] what :meth:`score` gives for it, at a fraction of its time."""
        found: list[list[GivenTag]] = [[] for _ in pixels]
        if not found:
            return found
        seen = self.evidence_rows(embeddings, pixels, names)
        hits = [self._hits(category, evidence, threshold) for category, evidence in seen.items()]
        rows, tags, categories, confidences, sources = (np.concatenate(column) for column in zip(*hits, strict=True))
        order = np.lexsort((-confidences, rows))
        columns = (column[order].tolist() for column in (rows, tags, categories, confidences, sources))
        for row, tag, category, confidence, source in zip(*columns, strict=True):
            found[row].append({"tag": tag, "category": category, "confidence": confidence, "source_model": source})
        return found

    def probabilities(
        self, embedding: Vector, pixels: PixelEvidence, names: AssetNames = NO_NAMES
    ) -> dict[str, dict[str, float]]:
        """Return the confidence of every tag by category, without thresholds and under the file's own names."""
        return {
            category: dict(
                zip(seen.names, judge(seen, exclusive=rule.spec.exclusive, fitted=rule.fitted)[0].tolist(), strict=True)
            )
            for category, seen in self.evidence(embedding, pixels, names).items()
            for rule in [self._rules[category]]
        }

    def evidence(self, embedding: Vector, pixels: PixelEvidence, names: AssetNames = NO_NAMES) -> dict[str, Evidence]:
        """Return by category what is known of one image, n = 1; calibration is fitted on the same."""
        return self.evidence_rows(embedding[None], [pixels], [names])

    def evidence_rows(
        self, embeddings: Vector, pixels: Sequence[PixelEvidence], names: Sequence[AssetNames]
    ) -> dict[str, Evidence]:
        """Return by category what is known of n images; `embeddings` is [n, D]."""
        logits: NDArray[np.float64] = self._scale * (embeddings.astype(np.float64) @ self._matrix.T)
        words = np.stack([self._words.of(called) for called in names])
        found = {}
        for category, rule in self._rules.items():
            tags = np.full((len(logits), len(rule.names)), np.nan)
            tags[:, rule.has_vector] = logits[:, rule.rows]
            found[category] = Evidence(
                names=rule.names,
                tags=tags,
                background=logits[:, rule.background_rows],
                pixels=_tests(rule, [row.get(category, {}) for row in pixels]),
                words=words[:, self._words.places[category]],
            )
        return found

    def _hits(self, category: str, seen: Evidence, threshold: float | None) -> tuple[Column, ...]:
        """Return of each tag that reaches its threshold the row, its shown name, category, confidence and source."""
        rule = self._rules[category]
        confidences = judge(seen, exclusive=rule.spec.exclusive, fitted=rule.fitted)
        seen_only = confidences
        if seen.words.any():
            seen_only = judge(seen.without_words(), exclusive=rule.spec.exclusive, fitted=rule.fitted)
        bounds = rule.bounds(threshold)
        rows, places = np.nonzero(confidences >= bounds - _ROUNDING)
        rounded = four_digits(confidences[rows, places])
        reached = rounded >= bounds[places]
        rows, places, rounded = rows[reached], places[reached], rounded[reached]
        alone = seen_only[rows, places] >= bounds[places]
        named, tested = seen.words[rows, places] > 0, seen.pixels[rows, places] >= 0.5
        sources = self._said_by[category][places, alone.astype(int), named.astype(int), tested.astype(int)]
        return rows, self._shown[category][places], np.full(len(rows), category, object), rounded, sources

    def _speakers(self, rule: _Rule) -> NDArray[np.object_]:
        """Return who is named for a tag, [tags, alone, named, tested]: looked up, because corpora ask often."""
        said = np.empty((len(rule.names), 2, 2, 2), object)
        for at, alone, named, tested in np.ndindex(said.shape):
            said[at, alone, named, tested] = self._source_of(
                rule, at, alone=bool(alone), named=bool(named), tested=bool(tested)
            )
        return said

    def _source_of(self, rule: _Rule, at: int, *, alone: bool, named: bool, tested: bool) -> str:
        """Name who speaks for a tag: what reaches its threshold alone, or all that together do; joined by a plus."""
        said = []
        if alone or not named:
            if rule.has_vector[at]:
                said.append(self._source)
            if tested or (rule.has_test[at] and not rule.has_vector[at]):
                said.append(PIXELS)
        if named or not said:
            said.append(NAMES)
        return "+".join(said)


def four_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `round(value, 4)` gives for each of these values between 0 and 1, to the last bit."""
    scaled = values * 1e4
    nearest = np.rint(scaled)
    rounded: NDArray[np.float64] = nearest / 1e4
    # So near to the middle the product's own rounding may have turned it.
    doubtful = np.abs(scaled - nearest) > 0.5 - 1e-6
    rounded[doubtful] = [round(value, 4) for value in values[doubtful].tolist()]
    return rounded


def _tests(rule: _Rule, rows: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """Return [n, tags]: what pixel tests say, nan for a tag that they do not speak for."""
    found = np.full((len(rows), len(rule.names)), np.nan)
    heard = [name for name, has in zip(rule.names, rule.has_test, strict=True) if has]
    if heard:
        found[:, rule.has_test] = [[row.get(name, np.nan) for name in heard] for row in rows]
    return found
