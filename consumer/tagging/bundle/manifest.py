"""`bundle.json`: what a model bundle is, and the sha256 of every file in it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

MANIFEST: Final = "bundle.json"
TAXONOMY: Final = "taxonomy.yaml"
COMPILED: Final = "taxonomy.npz"
CALIBRATION: Final = "calibration.json"
MODEL_CARD: Final = "MODEL_CARD.md"
# What turns an embedding into tags, and the card: they change without the model becoming another one.
_NOT_THE_MODEL: Final = {TAXONOMY, COMPILED, CALIBRATION, MODEL_CARD}

Precision = Literal["fp32", "fp16", "int8"]
Colour = tuple[
    Annotated[int, Field(ge=0, le=255)], Annotated[int, Field(ge=0, le=255)], Annotated[int, Field(ge=0, le=255)]
]


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


class Variant(_Strict):
    """The image tower once more, in another precision."""

    file: str
    least_cosine: float = Field(
        description="Smallest cosine to the fp32 embedding, over the textures it was checked on"
    )
    fp32_layers: tuple[str, ...] = Field(default=(), description="Layers that had to stay fp32 to stay that close")


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
    precision: Precision = Field(description="Of `visual`")
    visual: str = "visual.onnx"
    variants: dict[Precision, Variant] = {}
    textual: str | None = "textual.onnx"
    tokenizer: str | None = Field(default="tokenizer.json", description="It cuts and pads to `context_length` itself")
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

    @model_validator(mode="after")
    def _every_graph_is_listed(self) -> Manifest:
        for name in (*self.graphs.values(), *filter(None, (self.textual, self.tokenizer))):
            if name not in self.files:
                raise ValueError(f"{name} is named, but not among the files: make the bundle again")
        return self

    @property
    def graphs(self) -> dict[Precision, str]:
        """Return the file of the image tower in each precision that the bundle has."""
        return {
            **{precision: variant.file for precision, variant in self.variants.items()},
            self.precision: self.visual,
        }

    def model_digest(self) -> str:
        """Return `sha256:` over what decides the embedding: weights, preprocessing, scale; not vocabulary."""
        part = self.model_dump(mode="json", exclude={"files", "variants", "metrics", "calibrated", "source", "licence"})
        part["files"] = {name: entry.sha256 for name, entry in self.files.items() if name not in _NOT_THE_MODEL}
        return "sha256:" + hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()


def parse_manifest(data: bytes, place: str) -> Manifest:
    """Validate the bytes of `bundle.json`; `place` is used in messages only. Raises BundleError."""
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "top level"
        raise BundleError(f"{place} is not valid at {where}: {first['msg'].removeprefix('Value error, ')}.") from error


def read_manifest(path: Path) -> Manifest:
    """Read `bundle.json` alone, without verifying the files it lists; raises BundleError."""
    try:
        data = (path / MANIFEST).read_bytes()
    except OSError as error:
        raise BundleError(
            f"{path} is no model bundle: its {MANIFEST} cannot be read ({error.strerror or error})."
        ) from error
    return parse_manifest(data, str(path / MANIFEST))


def verify_files(path: Path, manifest: Manifest) -> None:
    """Compare every listed file with its sha256; raises BundleError on the first that is missing or differs."""
    for name, entry in manifest.files.items():
        try:
            actual = describe_file(path / name)
        except OSError as error:
            raise BundleError(f"The bundle {path} lacks {name}; fetch or make it again.") from error
        if actual != entry:
            raise BundleError(
                f"{path / name} is not the file that {MANIFEST} describes; fetch or make the bundle again."
            )


def describe_file(path: Path) -> FileEntry:
    """Return size and sha256 of a file; raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(sha256=digest, bytes=path.stat().st_size)
