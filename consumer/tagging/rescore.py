"""New tags for stored embeddings: another vocabulary or calibration, no image touched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.names import AssetNames
from consumer.tagging.scoring import NAMES, NO_NAMES, PIXELS, Scorer
from consumer.tagging.taxonomy import Taxonomy
from schemas.tagged import Tag

# What pixel tests left unsaid was below its threshold; how far is not stored.
_UNSAID = 0.02


def rescore(
    scorer: Scorer,
    taxonomy: Taxonomy,
    embedding: NDArray[np.floating],
    before: Sequence[Tag],
    names: Iterable[str | None] = (),
    *,
    use_names: bool = True,
) -> list[Tag]:
    """Return the tags that `scorer` gives to a stored embedding of the same model, highest confidence first.

    `embedding`: [D], as events and tables store it. `before`: the tags that the image got when it was seen: what
    pixel tests alone said is kept, as far as the vocabulary still knows the tag, since only the image could tell more.
    """
    vector = embedding.astype(np.float32)
    vector = vector / max(float(np.linalg.norm(vector)), 1e-12)
    said = {(tag.category, tag.tag): tag for tag in before if PIXELS in tag.source_model.split("+")}
    pixels: dict[str, dict[str, float]] = {}
    kept: dict[tuple[str, str], Tag] = {}
    tested = set()
    for category, spec in taxonomy.categories.items():
        for name, own in spec.tags.items():
            evidence, shown = spec.evidence_of(name), (category, spec.shown_name(name))
            old = said.get(shown) or said.get((category, name))
            if evidence in {"pixels", "both"}:
                pixels.setdefault(category, {})[name] = old.confidence if old else _UNSAID
            if evidence == "pixels":
                tested.add(shown)
                # What is kept carries its calibration, and its name's evidence, already.
                if old and not own.off and old.confidence >= spec.threshold_of(name):
                    kept[shown] = old.model_copy(update={"tag": shown[1]})
    found = scorer.score(vector, pixels, AssetNames.of(names) if use_names else NO_NAMES)
    fresh = [
        tag
        for tag in found
        if (tag.category, tag.tag) not in kept and ((tag.category, tag.tag) not in tested or tag.source_model == NAMES)
    ]
    return sorted([*kept.values(), *fresh], key=lambda tag: -tag.confidence)
