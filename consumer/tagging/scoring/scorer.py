"""From images' evidence to tags with confidences: numpy only, one image or thousands at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Final, NamedTuple, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.name_patterns import AssetNames
from consumer.tagging.scoring.lessons import Corrections
from consumer.tagging.scoring.name_evidence import NameEvidence
from consumer.tagging.scoring.probabilities import Evidence, judge
from consumer.tagging.scoring.promised_sets import promised_rows
from consumer.tagging.scoring.publication import log_odds
from consumer.tagging.scoring.rules import CategoryRule
from schemas.tagged import Tag

NO_NAMES: Final = AssetNames()
# Wider than what rounding a confidence to four digits can move it.
_ROUNDING: Final = 1e-4
_GAIN_DIGITS: Final = 3
Vector = NDArray[np.floating]
PixelEvidence = Mapping[str, Mapping[str, float]]
Column = NDArray[np.generic]


class ScoredTag(TypedDict):
    """A tag as events carry it, without a model's validation of what we made ourselves."""

    tag: str
    category: str
    confidence: float
    source_model: str
    base_rate: NotRequired[float]
    gain: NotRequired[float]


class ScoredSet(TypedDict):
    """Candidates as events carry them."""

    category: str
    tags: list[str]
    coverage: float


class ScoredRow(NamedTuple):
    """What one image gets."""

    tags: list[ScoredTag]
    candidates: ScoredSet | None


class Scorer:
    """Scores embeddings against a bundle's vocabulary. Immutable, so threads may share it.

    Without a calibration in the bundle the model's own logit scale is used as it is: such confidences order tags well,
    but are no probabilities, and `calibrated` is False. No base rates are known then, so that thresholds alone decide.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.calibrated = bundle.calibration is not None
        self._scale = bundle.manifest.logit_scale
        fitted = bundle.calibration.categories if bundle.calibration else {}
        self._words = NameEvidence(bundle.taxonomy.categories, bundle.calibration.names if bundle.calibration else None)
        taught = bundle.calibration.taught.categories if bundle.calibration and bundle.calibration.taught else {}
        self._corrections = {
            category: Corrections.of(tuple(spec.tags), taught.get(category, {}), bundle.manifest.dim)
            for category, spec in bundle.taxonomy.categories.items()
        }
        parts, first_row = [], 0
        self._rules: dict[str, CategoryRule] = {}
        for category, spec in bundle.taxonomy.categories.items():
            vectors = bundle.vectors[category]
            parts += [vectors.tags, vectors.background]
            rule = CategoryRule.of(
                spec,
                vectors,
                fitted.get(category),
                source=bundle.manifest.source_model,
                first_row=first_row,
                taught=taught.get(category, {}),
            )
            self._rules[category], first_row = rule, rule.end
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
        """Return the tags that are published, highest confidence first.

        `embedding`: [D], L2-normalised. `pixels`: probability by category and tag, from tests on the pixels; heard for
        tags whose evidence they are. `names`: what the asset is called; without any, the picture decides alone.
        `threshold`: taken as it is, in place of the taxonomy's own and of what a tag must gain.
        """
        (given,) = self.score_rows(embedding[None], [pixels], [names], threshold=threshold)
        return [Tag(**one) for one in given.tags]

    def score_rows(
        self,
        embeddings: Vector,
        pixels: Sequence[PixelEvidence],
        names: Sequence[AssetNames],
        *,
        threshold: float | None = None,
    ) -> list[ScoredRow]:
        """Return for each row of `embeddings` [n, D] what :meth:`score` gives for it, at a fraction of its time."""
        if not pixels:
            return []
        seen = self.evidence_rows(embeddings, pixels, names)
        judged = {category: self._judge(category, evidence) for category, evidence in seen.items()}
        hits = [self._hits(category, seen[category], judged[category], threshold) for category in seen]
        rows, tags, categories, confidences, sources, rates, gains = (
            np.concatenate(column) for column in zip(*hits, strict=True)
        )
        order = np.lexsort((-confidences, rows))
        columns = (column[order].tolist() for column in (rows, tags, categories, confidences, sources, rates, gains))
        tag_lists: list[list[ScoredTag]] = [[] for _ in pixels]
        for row, tag, category, confidence, source, rate, gain in zip(*columns, strict=True):
            given: ScoredTag = {
                "tag": tag,
                "category": category,
                "confidence": confidence,
                "source_model": source,
            }
            if not isnan(rate):
                given["base_rate"], given["gain"] = rate, gain
            tag_lists[row].append(given)
        return [ScoredRow(*row) for row in zip(tag_lists, self._candidates(judged, len(pixels)), strict=True)]

    def probabilities(
        self, embedding: Vector, pixels: PixelEvidence, names: AssetNames = NO_NAMES
    ) -> dict[str, dict[str, float]]:
        """Return the confidence of every tag by category, without thresholds and under the file's own names."""
        return {
            category: dict(zip(seen.names, self._judge(category, seen)[0].tolist(), strict=True))
            for category, seen in self.evidence(embedding, pixels, names).items()
        }

    def evidence(self, embedding: Vector, pixels: PixelEvidence, names: AssetNames = NO_NAMES) -> dict[str, Evidence]:
        """Return by category what is known of one image, n = 1; calibration is fitted on the same."""
        return self.evidence_rows(embedding[None], [pixels], [names])

    def evidence_rows(
        self, embeddings: Vector, pixels: Sequence[PixelEvidence], names: Sequence[AssetNames]
    ) -> dict[str, Evidence]:
        """Return by category what is known of n images; `embeddings` is [n, D]."""
        exact = embeddings.astype(np.float64)
        logits: NDArray[np.float64] = self._scale * (exact @ self._matrix.T)
        words = np.stack([self._words.of(called) for called in names])
        evidence = {}
        for category, rule in self._rules.items():
            tags = np.full((len(logits), len(rule.names)), np.nan)
            tags[:, rule.has_vector] = logits[:, rule.rows]
            corrections = self._corrections[category]
            evidence[category] = Evidence(
                names=rule.names,
                tags=tags,
                background=logits[:, rule.background_rows],
                pixels=_tests(rule, [row.get(category, {}) for row in pixels]),
                words=words[:, self._words.places[category]],
                taught=None if corrections is None else corrections.log_odds(exact),
            )
        return evidence

    def _judge(self, category: str, seen: Evidence) -> NDArray[np.float64]:
        rule = self._rules[category]
        return judge(seen, exclusive=rule.spec.exclusive, fitted=rule.fitted)

    def _hits(
        self, category: str, seen: Evidence, confidences: NDArray[np.float64], threshold: float | None
    ) -> tuple[Column, ...]:
        """Return of each published tag the row, shown name, category, confidence, source, base rate and gain."""
        rule = self._rules[category]
        seen_only = self._judge(category, seen.without_words()) if seen.words.any() else confidences
        bounds = rule.bounds(threshold)
        rows, places = np.nonzero(confidences >= bounds - _ROUNDING)
        rounded = four_digits(confidences[rows, places])
        reached = rounded >= bounds[places]
        rows, places, rounded = rows[reached], places[reached], rounded[reached]
        alone = seen_only[rows, places] >= bounds[places]
        named, tested = seen.words[rows, places] > 0, seen.pixels[rows, places] >= 0.5
        sources = rule.speakers[places, alone.astype(int), named.astype(int), tested.astype(int)]
        gains = (log_odds(rounded) - rule.prior_odds[places]).round(_GAIN_DIGITS)
        categories = np.full(len(rows), category, object)
        return rows, rule.shown[places], categories, rounded, sources, rule.rates[places], gains

    def _candidates(self, judged: Mapping[str, NDArray[np.float64]], count: int) -> list[ScoredSet | None]:
        """Return the promised set of each row; there is one category at most that promises any."""
        for category, confidences in judged.items():
            rule = self._rules[category]
            if rule.promised is not None:
                coverage = rule.promised.coverage
                sets = promised_rows(confidences, rule.shown, rule.promised)
                return [{"category": category, "tags": tags, "coverage": coverage} for tags in sets]
        return [None] * count


def four_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `round(value, 4)` gives for each of these values between 0 and 1, to the last bit."""
    scaled = values * 1e4
    nearest = np.rint(scaled)
    rounded: NDArray[np.float64] = nearest / 1e4
    # So near to the middle the product's own rounding may have turned it.
    doubtful = np.abs(scaled - nearest) > 0.5 - 1e-6
    rounded[doubtful] = [round(value, 4) for value in values[doubtful].tolist()]
    return rounded


def _tests(rule: CategoryRule, rows: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """Return [n, tags]: what pixel tests say, nan for a tag that they do not speak for."""
    values = np.full((len(rows), len(rule.names)), np.nan)
    heard = [name for name, has in zip(rule.names, rule.has_test, strict=True) if has]
    if heard:
        values[:, rule.has_test] = [[row.get(name, np.nan) for name in heard] for row in rows]
    return values
