"""From one embedding to tags with confidences: numpy only, well under a millisecond."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle import Bundle
from consumer.tagging.calibration import CategoryCalibration, Platt, SharedScale
from consumer.tagging.taxonomy import Category
from schemas.tagged import Tag

PIXELS: Final = "pixels"
UNFITTED: Final = Platt(slope=1.0, bias=0.0)
Vector = NDArray[np.floating]
PixelEvidence = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one category needs, laid out for numpy; `rows` are its places in the stacked matrix."""

    spec: Category
    names: tuple[str, ...]
    pixel_names: tuple[str, ...]
    rows: slice
    background_rows: slice
    shared: SharedScale
    shared_bias: NDArray[np.float64]
    slope: NDArray[np.float64]
    bias: NDArray[np.float64]


class Scorer:
    """Scores embeddings against a bundle's vocabulary. Immutable, so threads may share it.

    Without a calibration in the bundle the model's own logit scale is used as it is: such confidences order tags well,
    but are no probabilities, and `calibrated` is False.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.calibrated = bundle.calibration is not None
        self._scale = bundle.manifest.logit_scale
        self.source = bundle.manifest.source_model
        parts, rules, at = [], {}, 0
        for category, spec in bundle.taxonomy.categories.items():
            vectors = bundle.vectors[category]
            parts += [vectors.tags, vectors.background]
            middle, end = at + len(vectors.names), at + len(vectors.names) + len(vectors.background)
            fitted = bundle.calibration.categories.get(category) if bundle.calibration else None
            rules[category] = _rule(spec, vectors.names, slice(at, middle), slice(middle, end), fitted)
            at = end
        # In float64 a sum does not depend on how many rows are multiplied at once, as far as a confidence shows.
        self._matrix = np.concatenate(parts).astype(np.float64)
        self.rules: dict[str, Rule] = rules

    def score(self, embedding: Vector, pixel_evidence: PixelEvidence, *, threshold: float | None = None) -> list[Tag]:
        """Return the tags that reach their thresholds, highest confidence first.

        `embedding`: [D], L2-normalised. `pixel_evidence`: probability by category and tag, from tests on the pixels; it
        decides alone for tags whose evidence is `pixels`, and may raise, never lower, the others. `threshold`: in place
        of the taxonomy's own.
        """
        tags = [
            Tag(tag=rule.spec.shown_name(name), category=category, confidence=confidence, source_model=source)
            for category, rule, name, confidence, source in self._judged(embedding, pixel_evidence)
            if confidence >= (rule.spec.threshold_of(name) if threshold is None else threshold)
            and not rule.spec.tags[name].off
        ]
        return sorted(tags, key=lambda tag: -tag.confidence)

    def probabilities(self, embedding: Vector, pixel_evidence: PixelEvidence) -> dict[str, dict[str, float]]:
        """Return the confidence of every tag by category, without thresholds and under the file's own names."""
        found: dict[str, dict[str, float]] = {category: {} for category in self.rules}
        for category, _, name, confidence, _ in self._judged(embedding, pixel_evidence):
            found[category][name] = confidence
        return found

    def similarities(self, embedding: Vector) -> dict[str, tuple[Vector, Vector]]:
        """Return per category the scaled similarities to tags and to background, which calibration is fitted on."""
        logits = self.logits(embedding)
        return {category: (logits[rule.rows], logits[rule.background_rows]) for category, rule in self.rules.items()}

    def logits(self, embeddings: Vector) -> NDArray[np.float64]:
        """Return the scaled similarities of [D] or [n, D] to all tags and backgrounds, in the order of the rules."""
        product: NDArray[np.float64] = self._scale * (embeddings.astype(np.float64) @ self._matrix.T)
        return product

    def _judged(self, embedding: Vector, pixel_evidence: PixelEvidence) -> Iterator[tuple[str, Rule, str, float, str]]:
        logits = self.logits(embedding)
        for category, rule in self.rules.items():
            seen = pixel_evidence.get(category, {})
            confidences = confidences_of(rule, logits[rule.rows], logits[rule.background_rows])
            if rule.spec.exclusive and seen:
                confidences = confidences * (1 - max(seen.values()))
            for name, confidence in zip(rule.names, confidences.tolist(), strict=True):
                own, source = confidence, self.source
                if seen.get(name, 0.0) > own:
                    own, source = seen[name], PIXELS
                yield category, rule, name, round(own, 4), source
            for name in rule.pixel_names:
                if name in seen:
                    yield category, rule, name, round(float(seen[name]), 4), PIXELS


def confidences_of(rule: Rule, tags: Vector, background: Vector) -> NDArray[np.float64]:
    if rule.spec.exclusive:
        return exclusive_probabilities(tags, background, rule.shared, rule.shared_bias)
    margins = margins_over(tags, background)
    return 1 / (1 + np.exp(-(rule.slope * margins + rule.bias)))


def exclusive_probabilities(tags: Vector, background: Vector, shared: SharedScale, bias: Vector) -> NDArray[np.float64]:
    """Softmax over tags and background ("none of them"); returns the tags' part, [..., tags]."""
    fitted = tags / shared.temperature + bias
    none = log_sum_exp(background / shared.temperature) + shared.background_bias
    joined = np.concatenate([fitted, none[..., None]], axis=-1)
    shifted: NDArray[np.float64] = np.exp(joined - joined.max(axis=-1, keepdims=True))
    shares: NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return shares[..., :-1]


def margins_over(tags: Vector, background: Vector) -> Vector:
    """Return how far each tag's similarity stands above the background prompts taken together, [..., tags]."""
    return tags - log_sum_exp(background)[..., None]


def log_sum_exp(values: Vector) -> Vector:
    """Return log(sum(exp)) over the last axis, safe for large values."""
    top = values.max(axis=-1, keepdims=True)
    total: Vector = top[..., 0] + np.log(np.exp(values - top).sum(axis=-1))
    return total


def _rule(
    spec: Category, names: tuple[str, ...], rows: slice, background_rows: slice, fitted: CategoryCalibration | None
) -> Rule:
    shared = fitted.shared if fitted and fitted.shared else SharedScale(temperature=1.0, bias={}, background_bias=0.0)
    platt = [fitted.tags.get(name, UNFITTED) if fitted else UNFITTED for name in names]
    return Rule(
        spec=spec,
        names=names,
        pixel_names=tuple(name for name in spec.tags if spec.evidence_of(name) == "pixels"),
        rows=rows,
        background_rows=background_rows,
        shared=shared,
        shared_bias=np.array([shared.bias.get(name, 0.0) for name in names]),
        slope=np.array([one.slope for one in platt]),
        bias=np.array([one.bias for one in platt]),
    )
