"""From one image's evidence to tags with confidences: numpy only, well under a millisecond."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle import Bundle
from consumer.tagging.calibration import CategoryCalibration, NameWeights
from consumer.tagging.judging import Evidence, judge
from consumer.tagging.names import AssetNames, matches
from consumer.tagging.taxonomy import Category
from schemas.tagged import Tag

PIXELS: Final = "pixels"
NAMES: Final = "names"
NO_NAMES: Final = AssetNames()
Vector = NDArray[np.floating]
PixelEvidence = Mapping[str, Mapping[str, float]]


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
        self._words = bundle.calibration.names if bundle.calibration else None
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
            )
            at = end
        self._matrix = np.concatenate(parts).astype(np.float32)

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
        tags = []
        for category, seen in self.evidence(embedding, pixels, names).items():
            rule = self._rules[category]
            confidences = judge(seen, exclusive=rule.spec.exclusive, fitted=rule.fitted)[0]
            seen_only = confidences
            if seen.words.any():
                seen_only = judge(seen.without_words(), exclusive=rule.spec.exclusive, fitted=rule.fitted)[0]
            for at, name in enumerate(rule.names):
                confidence = round(float(confidences[at]), 4)
                needed = rule.spec.threshold_of(name) if threshold is None else threshold
                if confidence >= needed and not rule.spec.tags[name].off:
                    source = self._said_by(rule, at, seen, alone=bool(seen_only[at] >= needed))
                    tags.append(
                        Tag(
                            tag=rule.spec.shown_name(name),
                            category=category,
                            confidence=confidence,
                            source_model=source,
                        )
                    )
        return sorted(tags, key=lambda tag: -tag.confidence)

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
        logits = (self._scale * (self._matrix @ embedding.astype(np.float32))).astype(np.float64)
        found = {}
        for category, rule in self._rules.items():
            tags = np.full((1, len(rule.names)), np.nan)
            tags[0, rule.has_vector] = logits[rule.rows]
            tested = pixels.get(category, {})
            tests = [
                tested.get(name, np.nan) if has else np.nan for name, has in zip(rule.names, rule.has_test, strict=True)
            ]
            found[category] = Evidence(
                names=rule.names,
                tags=tags,
                background=logits[None, rule.background_rows],
                pixels=np.array([tests]),
                words=name_evidence(category, rule.spec, names, self._words)[None],
            )
        return found

    def _said_by(self, rule: _Rule, at: int, seen: Evidence, *, alone: bool) -> str:
        """Name who speaks for a tag: what reaches its threshold alone, or all that together do; joined by a plus."""
        named = seen.words[0, at] > 0
        said = []
        if alone or not named:
            tested = rule.has_test[at] and seen.pixels[0, at] >= 0.5
            if rule.has_vector[at]:
                said.append(self._source)
            if tested or (rule.has_test[at] and not rule.has_vector[at]):
                said.append(PIXELS)
        if named or not said:
            said.append(NAMES)
        return "+".join(said)


def name_evidence(category: str, spec: Category, names: AssetNames, fitted: NameWeights | None) -> NDArray[np.float64]:
    """Return the log-likelihood ratio of each tag by the name pattern that says most, [tags]; 0 where none matches."""
    evidence = np.zeros(len(spec.tags))
    if not names.stems and not names.folders:
        return evidence
    weights = fitted.weights.get(category, {}) if fitted else {}
    stem, folder = (fitted.stem, fitted.folder) if fitted else (1.0, 0.5)
    for at, (name, tag) in enumerate(spec.tags.items()):
        keys = matches(tag.names, names)
        own = weights.get(name, {})
        if keys:
            evidence[at] = max(own.get(key, folder if key.endswith("/") else stem) for key in keys)
    return evidence
