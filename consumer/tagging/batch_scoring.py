"""Scoring many embeddings at once: the scorer's own results, at a fraction of its time for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.scoring import PIXELS, PixelEvidence, Rule, Scorer, Vector, confidences_of
from schemas.tagged import Tag

# Wider than what rounding a confidence to four digits can move it.
_ROUNDING = 1e-4


class BatchScorer:
    """Gives for each row of a batch exactly the tags that ``scorer.score`` gives for it alone."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def score(self, embeddings: Vector, evidence: Sequence[PixelEvidence]) -> list[list[Tag]]:
        """Score [n, D] with the pixel evidence of each row; return the tags of each, highest confidence first."""
        found: list[list[Tag]] = [[] for _ in evidence]
        logits = self._scorer.logits(embeddings)
        for category, rule in self._scorer.rules.items():
            seen = [row.get(category, {}) for row in evidence]
            self._picture(category, rule, logits, seen, found)
            _pixels_alone(category, rule, seen, found)
        for tags in found:
            tags.sort(key=lambda tag: -tag.confidence)
        return found

    def _picture(
        self,
        category: str,
        rule: Rule,
        logits: NDArray[np.float64],
        seen: Sequence[Mapping[str, float]],
        found: list[list[Tag]],
    ) -> None:
        confidences = confidences_of(rule, logits[:, rule.rows], logits[:, rule.background_rows])
        if rule.spec.exclusive:
            confidences = confidences * (1 - np.array([max(row.values(), default=0.0) for row in seen]))[:, None]
        tests = np.array([[row.get(name, 0.0) for name in rule.names] for row in seen]).reshape(confidences.shape)
        judged = np.maximum(confidences, tests)
        thresholds = np.array([rule.spec.threshold_of(name) for name in rule.names])
        allowed = np.array([not rule.spec.tags[name].off for name in rule.names], dtype=bool)
        for row, column in np.argwhere((judged >= thresholds - _ROUNDING) & allowed).tolist():
            confidence = round(float(judged[row, column]), 4)
            if confidence >= thresholds[column]:
                by_pixels = tests[row, column] > confidences[row, column]
                source = PIXELS if by_pixels else self._scorer.source
                found[row].append(_tag(rule, category, rule.names[column], confidence, source))


def _pixels_alone(category: str, rule: Rule, seen: Sequence[Mapping[str, float]], found: list[list[Tag]]) -> None:
    for row, tests in enumerate(seen):
        for name, value in tests.items():
            spec = rule.spec.tags.get(name)
            if spec is None or spec.off or rule.spec.evidence_of(name) != "pixels":
                continue
            confidence = round(float(value), 4)
            if confidence >= rule.spec.threshold_of(name):
                found[row].append(_tag(rule, category, name, confidence, PIXELS))


def _tag(rule: Rule, category: str, name: str, confidence: float, source: str) -> Tag:
    return Tag(tag=rule.spec.shown_name(name), category=category, confidence=confidence, source_model=source)
