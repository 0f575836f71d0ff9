"""The taxonomy's prompts to vectors, with the bundle's own text tower: seconds, and no torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from consumer.tagging.bundle.bundle import (
    COMPILED,
    MANIFEST,
    TAXONOMY,
    Manifest,
    TextVectors,
    describe_file,
    pack_compiled,
    read_manifest,
)
from consumer.tagging.bundle.taxonomy import Taxonomy, load_taxonomy
from consumer.tagging.inference.textual import TextEncoder, ensemble


def compile_taxonomy(folder: Path, taxonomy_path: Path | None = None) -> Taxonomy:
    """Compile `taxonomy_path` (default: the bundle's own) into the bundle in `folder` and refresh its digests.

    A calibration whose tags no longer exist stays valid for the others. Raises BundleError and TaxonomyError.
    """
    manifest = read_manifest(folder)
    taxonomy = load_taxonomy(taxonomy_path or folder / TAXONOMY)
    vectors = compile_vectors(taxonomy, TextEncoder(folder, manifest))
    if taxonomy_path is not None:
        replace_file(folder / TAXONOMY, taxonomy_path.read_bytes())
    replace_file(folder / COMPILED, pack_compiled(taxonomy, vectors))
    refresh_manifest(folder, manifest, [TAXONOMY, COMPILED])
    return taxonomy


def compile_vectors(taxonomy: Taxonomy, encode: TextEncoder) -> Mapping[str, TextVectors]:
    """Return one vector per clip tag and background prompt: the mean over all its filled templates, normalised."""
    compiled = {}
    for category, spec in taxonomy.categories.items():
        names = tuple(taxonomy.clip_tags(category))
        tags = [ensemble(encode(spec.texts_of(tag))) for tag in names]
        background = [ensemble(encode(texts)) for texts in spec.background_texts()]
        dim = background[0].shape[0]
        compiled[category] = TextVectors(names, np.array(tags, np.float32).reshape(-1, dim), np.stack(background))
    return compiled


def refresh_manifest(folder: Path, manifest: Manifest, names: list[str], **changes: object) -> Manifest:
    """Write `bundle.json` anew with the present digests of `names` and other fields changed as given."""
    files = {name: entry for name, entry in manifest.files.items() if (folder / name).exists()}
    files.update({name: describe_file(folder / name) for name in names})
    fresh = Manifest.model_validate(manifest.model_dump() | {"files": dict(sorted(files.items()))} | changes)
    replace_file(folder / MANIFEST, (fresh.model_dump_json(indent=2) + "\n").encode())
    return fresh


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one step: a reader sees the old or the new content, never half of it."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(data)
    os.replace(temporary, path)  # noqa: PTH105 - Path.replace says less about overwriting
