"""A bundle with another vocabulary or calibration: the same model, so the same embeddings, and other tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from consumer.tagging.bundle.bundle import Bundle, TextVectors, check_taught, scoring_digest
from consumer.tagging.bundle.calibration import Calibration
from consumer.tagging.bundle.overlay import Overlay, OwnTags, laid_over, without
from consumer.tagging.bundle.taxonomy import Taxonomy


def with_vocabulary(bundle: Bundle, taxonomy: Taxonomy, vectors: Mapping[str, TextVectors]) -> Bundle:
    """Return the bundle as `aegis taxonomy compile` would make it; its calibration stays. Overlays come after."""
    digest = scoring_digest(taxonomy, bundle.calibration)
    return replace(bundle, taxonomy=taxonomy, vectors=vectors, taxonomy_digest=digest)


def with_calibration(bundle: Bundle, calibration: Calibration) -> Bundle:
    """Return the bundle with this calibration; raises BundleError for one that another model's embeddings taught."""
    check_taught(calibration, bundle.manifest)
    return replace(bundle, calibration=calibration, taxonomy_digest=scoring_digest(bundle.vocabulary, calibration))


def untaught(bundle: Bundle) -> Bundle:
    """Return the bundle as it was before verdicts taught it anything."""
    if bundle.calibration is None or bundle.calibration.taught is None:
        return bundle
    return with_calibration(bundle, bundle.calibration.model_copy(update={"taught": None}))


def with_own_tags(bundle: Bundle, overlay: Overlay) -> Bundle:
    """Return the bundle with an overlay's tags; those that verdicts taught are heard, all others silent.

    Raises TaxonomyError where they do not fit the taxonomy.
    """
    whole = laid_over(bundle.taxonomy, overlay)
    digest = scoring_digest(whole, bundle.calibration)
    laid = replace(bundle, own=overlay.tags, whole=whole, taxonomy_digest=digest)
    taught = bundle.calibration.taught.categories if bundle.calibration and bundle.calibration.taught else {}
    return hearing(laid, frozenset((category, tag) for category, tags in taught.items() for tag in tags))


def hearing(bundle: Bundle, tags: OwnTags) -> Bundle:
    """Return the bundle in which, of its own tags, these are heard, and those that have a vector; no others."""
    if bundle.whole is None:
        return bundle
    measured = {(category, tag) for category, part in bundle.vectors.items() for tag in part.names}
    return replace(bundle, taxonomy=without(bundle.whole, bundle.own - tags - measured))


def with_prompts(bundle: Bundle, vectors: Mapping[str, TextVectors]) -> Bundle:
    """Return the bundle that hears own tags by their prompts, whose vectors these are, too; as labels can fit it."""
    joined = {
        category: replace(
            part,
            names=part.names + vectors[category].names,
            tags=np.concatenate([part.tags, vectors[category].tags]),
        )
        if category in vectors
        else part
        for category, part in bundle.vectors.items()
    }
    heard = frozenset((name, tag) for name, spec in bundle.taxonomy.categories.items() for tag in spec.tags)
    return hearing(replace(bundle, vectors=joined), heard & bundle.own)
