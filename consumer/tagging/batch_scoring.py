"""Scoring many embeddings at once: the scorer's own results, at a fraction of its time for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.scoring import PIXELS, PixelEvidence, Rule, Scorer, Vector, confidences_of
from schemas.tagged import Tag

# Wider than what rounding a confidence to four digits can move it.
_ROUNDING: Final = 1e-4
# Below every confidence: no test spoke.
_UNSAID: Final = -1.0
Confidences = NDArray[np.float64]


class GivenTag(NamedTuple):
    """A tag as an event carries it."""

    tag: str
    category: str
    confidence: float
    source_model: str


@dataclass(frozen=True, slots=True)
class _Columns:
    """Tags of one category side by side: what each needs to be given."""

    category: str
    rule: Rule
    names: tuple[str, ...]

    @property
    def bounds(self) -> Confidences:
        """Return what each confidence must reach; nothing reaches that of a tag that is off."""
        spec = self.rule.spec
        return np.array([np.inf if spec.tags[name].off else spec.threshold_of(name) for name in self.names])

    def tests(self, seen: Sequence[Mapping[str, float]], missing: float) -> Confidences:
        found = [[row.get(name, missing) for name in self.names] for row in seen]
        return np.array(found, np.float64).reshape(len(seen), len(self.names))


class BatchScorer:
    """Gives for each row of a batch exactly the tags that ``scorer.score`` gives for it alone."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._columns = [
            (_Columns(category, rule, rule.names), _Columns(category, rule, rule.pixel_names))
            for category, rule in scorer.rules.items()
        ]

    def score(self, embeddings: Vector, evidence: Sequence[PixelEvidence]) -> list[list[Tag]]:
        """Score [n, D] with the pixel evidence of each row; return the tags of each, highest confidence first."""
        return [
            [
                Tag(
                    tag=given.tag, category=given.category, confidence=given.confidence, source_model=given.source_model
                )
                for given in row
            ]
            for row in self.given(embeddings, evidence)
        ]

    def given(self, embeddings: Vector, evidence: Sequence[PixelEvidence]) -> list[list[GivenTag]]:
        """As :meth:`score`, without a model's validation of what we made ourselves."""
        found: list[list[GivenTag]] = [[] for _ in evidence]
        logits = self._scorer.logits(embeddings)
        for picture, pixels in self._columns:
            seen = [row.get(picture.category, {}) for row in evidence]
            rule = picture.rule
            confidences = confidences_of(rule, logits[:, rule.rows], logits[:, rule.background_rows])
            if rule.spec.exclusive:
                confidences = confidences * (1 - np.array([max(row.values(), default=0.0) for row in seen]))[:, None]
            tests = picture.tests(seen, 0.0)
            self._add(picture, np.maximum(confidences, tests), tests > confidences, found)
            if pixels.names:
                alone = pixels.tests(seen, _UNSAID)
                self._add(pixels, alone, np.ones(alone.shape, bool), found)
        for tags in found:
            tags.sort(key=lambda tag: -tag.confidence)
        return found

    def _add(
        self, columns: _Columns, confidences: Confidences, by_pixels: NDArray[np.bool_], found: list[list[GivenTag]]
    ) -> None:
        bounds = columns.bounds
        spec, category, source = columns.rule.spec, columns.category, self._scorer.source
        shown = [spec.shown_name(name) for name in columns.names]
        rows, places = np.nonzero(confidences >= bounds - _ROUNDING)
        hits = zip(
            rows.tolist(), places.tolist(), confidences[rows, places].tolist(), by_pixels[rows, places].tolist(),
            strict=True,
        )  # fmt: skip
        for row, place, exact, tested in hits:
            confidence = round(exact, 4)
            if confidence >= bounds[place]:
                found[row].append(GivenTag(shown[place], category, confidence, PIXELS if tested else source))
