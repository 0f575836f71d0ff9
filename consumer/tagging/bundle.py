"""A model bundle: one folder with graphs, compiled vocabulary and the numbers that make confidences mean something.

Nothing in a bundle is used before its sha256 was compared with `bundle.json`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from consumer.tagging.calibration import Calibration
from consumer.tagging.taxonomy import Taxonomy, TaxonomyError, parse_taxonomy
from schemas.tagged import Model as ModelRef
from schemas.tagged import Taxonomy as TaxonomyRef

FORMAT: Final = 1
MANIFEST: Final = "bundle.json"
TAXONOMY: Final = "taxonomy.yaml"
COMPILED: Final = "taxonomy.npz"
CALIBRATION: Final = "calibration.json"
# What turns an embedding into tags, and the card: they change without the model becoming another one.
_NOT_THE_MODEL: Final = {TAXONOMY, COMPILED, CALIBRATION, "MODEL_CARD.md"}

Colour = tuple[
    Annotated[int, Field(ge=0, le=255)], Annotated[int, Field(ge=0, le=255)], Annotated[int, Field(ge=0, le=255)]
]
Vectors = NDArray[np.float32]


class BundleError(Exception):
    """The bundle cannot be used; the message says why and what to do, in one sentence."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageSpec(_Strict):
    """How a texture becomes the network's input; `mean` and `std` are documentation, the graph applies them itself."""

    size: int = Field(ge=16, le=1024)
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    ground: Colour = Field(description="RGB that transparent pixels and the padding get")
    fit: Literal["pad", "crop"] = "pad"


class FileEntry(_Strict):
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class Manifest(_Strict):
    """`bundle.json`."""

    format: Literal[1] = 1
    id: str = Field(min_length=1, max_length=255)
    source_model: str = Field(min_length=1, max_length=128, description="Name that tags carry")
    source: str = Field(description="Where the weights come from")
    licence: str
    dim: int = Field(ge=1, le=8192)
    image: ImageSpec
    logit_scale: float = Field(gt=0, description="The model's own, exp() already applied")
    logit_bias: float = 0.0
    precision: Literal["fp32", "fp16", "int8"]
    visual: str = "visual.onnx"
    textual: str | None = "textual.onnx"
    tokenizer: str | None = "tokenizer.json"
    context_length: int = Field(default=77, ge=1)
    files: dict[str, FileEntry]
    metrics: dict[str, float] = {}
    calibrated: bool = False

    @field_validator("files")
    @classmethod
    def _stay_inside(cls, files: dict[str, FileEntry]) -> dict[str, FileEntry]:
        for name in files:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
                raise ValueError(f"file name {name!r} leaves the bundle")
        return files

    def model_digest(self) -> str:
        """Return `sha256:` over what decides the embedding: weights, preprocessing, scale; not vocabulary."""
        part = self.model_dump(mode="json", exclude={"files", "metrics", "calibrated", "source", "licence"})
        part["files"] = {name: entry.sha256 for name, entry in self.files.items() if name not in _NOT_THE_MODEL}
        return "sha256:" + hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class TextVectors:
    """Compiled prompts of one category: float32 `tags` [len(names), D], `background` [B, D], L2-normalised."""

    names: tuple[str, ...]
    tags: Vectors
    background: Vectors


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle."""

    path: Path
    manifest: Manifest
    taxonomy: Taxonomy
    vectors: Mapping[str, TextVectors]
    calibration: Calibration | None
    digest: str
    taxonomy_digest: str

    @property
    def visual_path(self) -> Path:
        return self.path / self.manifest.visual

    def model_ref(self, *, provider: str, precision: str) -> ModelRef:
        """Return what events say of the model."""
        return ModelRef(
            id=self.manifest.id,
            digest=self.digest,
            precision=precision,
            provider=provider,
            calibrated=self.calibration is not None,
        )

    def taxonomy_ref(self) -> TaxonomyRef:
        """Return what events say of the vocabulary; its digest covers the calibration too."""
        return TaxonomyRef(id=self.taxonomy.id, version=self.taxonomy.version, digest=self.taxonomy_digest)


def default_bundle_path() -> Path:
    """Return the folder of aegis-mini, which ships with the product."""
    return Path(__file__).with_name("bundles") / "aegis-mini"


def load_bundle(path: Path) -> Bundle:
    """Read and verify the bundle in the folder `path`; raises BundleError."""
    manifest = read_manifest(path)
    verify_files(path, manifest)
    for needed in (manifest.visual, TAXONOMY, COMPILED):
        if needed not in manifest.files:
            raise BundleError(f"The bundle {path} lists no {needed}; make it again with `aegis model export`.")
    try:
        taxonomy = parse_taxonomy((path / TAXONOMY).read_text(encoding="utf-8"), str(path / TAXONOMY))
    except TaxonomyError as error:
        raise BundleError(str(error)) from error
    vectors = read_compiled((path / COMPILED).read_bytes(), taxonomy, manifest.dim)
    calibration = _read_calibration(path) if manifest.calibrated else None
    return Bundle(
        path=path,
        manifest=manifest,
        taxonomy=taxonomy,
        vectors=vectors,
        calibration=calibration,
        digest=manifest.model_digest(),
        taxonomy_digest=scoring_digest(taxonomy, calibration),
    )


def read_manifest(path: Path) -> Manifest:
    """Read `bundle.json` alone, without verifying the files it lists; raises BundleError."""
    try:
        return Manifest.model_validate_json((path / MANIFEST).read_bytes())
    except OSError as error:
        raise BundleError(
            f"{path} is no model bundle: its {MANIFEST} cannot be read ({error.strerror or error})."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "top level"
        raise BundleError(f"{path / MANIFEST} is not valid at {where}: {first['msg']}.") from error


def verify_files(path: Path, manifest: Manifest) -> None:
    """Compare every listed file with its sha256; raises BundleError on the first that is missing or differs."""
    for name, entry in manifest.files.items():
        try:
            found = describe_file(path / name)
        except OSError as error:
            raise BundleError(f"The bundle {path} lacks {name}; fetch or make it again.") from error
        if found != entry:
            raise BundleError(
                f"{path / name} is not the file that {MANIFEST} describes; fetch or make the bundle again."
            )


def describe_file(path: Path) -> FileEntry:
    """Return size and sha256 of a file; raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(sha256=digest, bytes=path.stat().st_size)


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


def scoring_digest(taxonomy: Taxonomy, calibration: Calibration | None) -> str:
    """Vocabulary and calibration together: a new calibration gives new confidences, hence new events."""
    fitted = calibration.model_dump_json(include={"categories"}) if calibration else ""
    return "sha256:" + hashlib.sha256(f"{taxonomy.digest}\n{fitted}".encode()).hexdigest()
