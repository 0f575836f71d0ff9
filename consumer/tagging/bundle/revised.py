"""A bundle with another vocabulary or calibration: the same model, so the same embeddings, and other tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from consumer.tagging.bundle.bundle import Bundle, TextVectors, check_taught, scoring_digest
from consumer.tagging.bundle.calibration import Calibration
from consumer.tagging.bundle.taxonomy import Taxonomy


def with_vocabulary(bundle: Bundle, taxonomy: Taxonomy, vectors: Mapping[str, TextVectors]) -> Bundle:
    """Return the bundle as `aegis taxonomy compile` would make it; its calibration stays."""
    digest = scoring_digest(taxonomy, bundle.calibration)
    return replace(bundle, taxonomy=taxonomy, vectors=vectors, taxonomy_digest=digest)


def with_calibration(bundle: Bundle, calibration: Calibration) -> Bundle:
    """Return the bundle with this calibration; raises BundleError for one that another model's embeddings taught."""
    check_taught(calibration, bundle.manifest)
    return replace(bundle, calibration=calibration, taxonomy_digest=scoring_digest(bundle.taxonomy, calibration))


def untaught(bundle: Bundle) -> Bundle:
    """Return the bundle as it was before verdicts taught it anything."""
    if bundle.calibration is None or bundle.calibration.taught is None:
        return bundle
    return with_calibration(bundle, bundle.calibration.model_copy(update={"taught": None}))
