"""A model bundle: one folder with graphs, compiled vocabulary and the numbers that make confidences mean something.

Nothing in a bundle is used before its sha256 was compared with `bundle.json`.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from consumer.tagging.bundle.calibration import Calibration
from consumer.tagging.bundle.manifest import (
    CALIBRATION,
    COMPILED,
    MANIFEST,
    TAXONOMY,
    BundleError,
    FileEntry,
    ImageSpec,
    Manifest,
    Precision,
    describe_file,
    read_manifest,
    verify_files,
)
from consumer.tagging.bundle.overlay import OwnTags
from consumer.tagging.bundle.taxonomy import Taxonomy, TaxonomyError, parse_taxonomy
from schemas.tagged import Taxonomy as TaxonomyRef

__all__ = [
    "CALIBRATION",
    "COMPILED",
    "MANIFEST",
    "TAXONOMY",
    "Bundle",
    "BundleError",
    "FileEntry",
    "ImageSpec",
    "Manifest",
    "Precision",
    "TextVectors",
    "default_bundle_path",
    "describe_file",
    "load_bundle",
    "pack_compiled",
    "read_compiled",
    "read_manifest",
]

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextVectors:
    """Compiled prompts of one category: float32 `tags` [len(names), D], `background` [B, D], L2-normalised."""

    names: tuple[str, ...]
    tags: Vectors
    background: Vectors


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle.

    `taxonomy` is what it scores. Where an overlay is laid over it, `own` are the tags of that, and `whole` has all of
    them; those that neither labels nor verdicts speak for yet are silent, and no part of `taxonomy`.
    """

    path: Path
    manifest: Manifest
    taxonomy: Taxonomy
    vectors: Mapping[str, TextVectors]
    calibration: Calibration | None
    digest: str
    taxonomy_digest: str
    own: OwnTags = frozenset()
    whole: Taxonomy | None = None

    @property
    def vocabulary(self) -> Taxonomy:
        """Every tag that people can say of an asset."""
        return self.whole or self.taxonomy

    @property
    def silent(self) -> OwnTags:
        """The own tags that no event carries, because nothing speaks for them yet."""
        return frozenset((name, tag) for name, tag in self.own if tag not in self.taxonomy.categories[name].tags)

    def graph_path(self, precision: Precision) -> Path:
        """Return the image tower in this precision; raises BundleError where the bundle has none."""
        graphs = self.manifest.graphs
        if precision not in graphs:
            raise BundleError(
                f"The bundle {self.manifest.id} has no {precision} graph, only {', '.join(sorted(graphs))}: "
                "choose one of these by AEGIS_MODEL_PRECISION, or auto."
            )
        return self.path / graphs[precision]

    def taxonomy_ref(self, *, names: bool = True) -> TaxonomyRef:
        """Return what events say of the vocabulary; its digest covers all that decides the tags of an embedding.

        That is the calibration too, and whether `names` are evidence.
        """
        digest = self.taxonomy_digest
        if not names:
            digest = "sha256:" + hashlib.sha256(f"{digest}\nwithout names".encode()).hexdigest()
        return TaxonomyRef(id=self.taxonomy.id, version=self.taxonomy.version, digest=digest)


def default_bundle_path() -> Path:
    """Return the folder of aegis-mini, which ships with the product."""
    return Path(__file__).resolve().parents[1] / "bundles" / "aegis-mini"


def load_bundle(path: Path) -> Bundle:
    """Read and verify the bundle in the folder `path`; raises BundleError."""
    manifest = read_manifest(path)
    verify_files(path, manifest)
    for needed in (TAXONOMY, COMPILED):
        if needed not in manifest.files:
            raise BundleError(f"The bundle {path} lists no {needed}; run `aegis taxonomy compile`.")
    try:
        taxonomy = parse_taxonomy((path / TAXONOMY).read_text(encoding="utf-8"), str(path / TAXONOMY))
    except TaxonomyError as error:
        raise BundleError(str(error)) from error
    vectors = read_compiled((path / COMPILED).read_bytes(), taxonomy, manifest.dim)
    calibration = _read_calibration(path) if manifest.calibrated else None
    check_taught(calibration, manifest)
    return Bundle(
        path=path,
        manifest=manifest,
        taxonomy=taxonomy,
        vectors=vectors,
        calibration=calibration,
        digest=manifest.model_digest(),
        taxonomy_digest=scoring_digest(taxonomy, calibration),
    )


def pack_compiled(taxonomy: Taxonomy, vectors: Mapping[str, TextVectors]) -> bytes:
    """Return the bytes of `taxonomy.npz`."""
    arrays: dict[str, NDArray[np.generic]] = {"digest": np.array(taxonomy.digest)}
    for category, part in vectors.items():
        arrays[f"{category}.names"] = np.array(part.names, dtype=np.str_)
        arrays[f"{category}.tags"] = part.tags.astype(np.float32)
        arrays[f"{category}.background"] = part.background.astype(np.float32)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_compiled(data: bytes, taxonomy: Taxonomy, dim: int) -> dict[str, TextVectors]:
    """Return the vectors per category; raises BundleError when they were compiled from another taxonomy or model."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            if str(arrays["digest"]) != taxonomy.digest:
                raise BundleError(f"{TAXONOMY} was changed after {COMPILED} was made; run `aegis taxonomy compile`.")
            vectors = {
                category: TextVectors(
                    tuple(str(name) for name in arrays[f"{category}.names"]),
                    arrays[f"{category}.tags"],
                    arrays[f"{category}.background"],
                )
                for category in taxonomy.categories
            }
    except (OSError, ValueError, KeyError) as error:
        raise BundleError(f"{COMPILED} cannot be read ({error}); run `aegis taxonomy compile`.") from error
    for category, part in vectors.items():
        if part.tags.shape != (len(part.names), dim) or part.background.shape[1:] != (dim,):
            raise BundleError(f"{COMPILED} has vectors of another model in {category}; run `aegis taxonomy compile`.")
    return vectors


def _read_calibration(path: Path) -> Calibration:
    try:
        return Calibration.model_validate_json((path / CALIBRATION).read_bytes())
    except OSError as error:
        raise BundleError(f"The bundle {path} says it is calibrated but has no {CALIBRATION}.") from error
    except ValidationError as error:
        raise BundleError(f"{path / CALIBRATION} is not valid: {error.errors()[0]['msg']}.") from error


def check_taught(calibration: Calibration | None, manifest: Manifest) -> None:
    """Raise BundleError where the calibration was taught on embeddings of another model."""
    taught = calibration.taught.categories if calibration and calibration.taught else {}
    if any(one.dim != manifest.dim for tags in taught.values() for one in tags.values()):
        raise BundleError(
            f"The calibration was taught by verdicts on embeddings of another model than {manifest.id}: run "
            "`aegis model calibrate --verdicts` with this one."
        )


def scoring_digest(taxonomy: Taxonomy, calibration: Calibration | None) -> str:
    """Vocabulary and calibration together: a new calibration gives new confidences, hence new events."""
    decides = {"categories", "names"} | ({"taught"} if calibration and calibration.taught else set())
    fitted = calibration.model_dump_json(include=decides) if calibration else ""
    return "sha256:" + hashlib.sha256(f"{taxonomy.digest}\n{fitted}".encode()).hexdigest()
