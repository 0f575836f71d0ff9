"""A bundle together with tags of one's own: what calibration measured is heard by its prompts, the rest waits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from consumer.tagging.bundle.bundle import Bundle, BundleError, TextVectors, load_bundle
from consumer.tagging.bundle.overlay import Overlay, OwnTags
from consumer.tagging.bundle.revised import with_own_tags, with_prompts
from consumer.tagging.bundle.taxonomy import TaxonomyError
from consumer.tagging.inference.textual import TextEncoder, ensemble


def open_bundle(folder: Path, overlay: Overlay | None) -> Bundle:
    """Read and verify the bundle in ``folder``, and lay the overlay over it; raises BundleError and ModelError."""
    bundle = load_bundle(folder)
    return bundle if overlay is None else lay_over(bundle, overlay)


def lay_over(bundle: Bundle, overlay: Overlay) -> Bundle:
    """Return the bundle with an overlay's tags, those heard that its calibration knows; raises as `open_bundle`."""
    try:
        laid = with_own_tags(bundle, overlay)
    except TaxonomyError as error:
        raise BundleError(str(error)) from error
    return hear_prompts(laid, _fitted(laid))


def hear_prompts(bundle: Bundle, tags: OwnTags) -> Bundle:
    """Return the bundle that hears these of its own tags by their prompts; raises BundleError and ModelError.

    Their vectors are computed with the bundle's text tower, which is loaded for it: a second, once.
    """
    known = {(category, tag) for category, part in bundle.vectors.items() for tag in part.names}
    wanted = bundle.own & tags - known
    if not wanted:
        return bundle
    encode = TextEncoder(bundle.path, bundle.manifest)
    vectors = {}
    for category, spec in bundle.vocabulary.categories.items():
        names = tuple(tag for tag in spec.tags if (category, tag) in wanted and spec.evidence_of(tag) != "names")
        if names:
            rows = np.stack([ensemble(encode(spec.texts_of(tag))) for tag in names]).astype(np.float32)
            vectors[category] = TextVectors(names, rows, np.empty((0, bundle.manifest.dim), np.float32))
    return with_prompts(bundle, vectors)


def _fitted(bundle: Bundle) -> OwnTags:
    """Return the own tags that labels have fitted numbers for."""
    categories = bundle.calibration.categories if bundle.calibration else {}
    known = {
        (name, tag)
        for name, fitted in categories.items()
        for tag in (*fitted.tags, *(fitted.shared.bias if fitted.shared else ()))
    }
    return bundle.own & known
