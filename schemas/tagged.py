"""``asset-tagged``: the tags of a texture, and what is needed to verify or repeat them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar, Final, Literal, Protocol, Self, TypeVar
from uuid import UUID, uuid5

import numpy as np
import numpy.typing as npt
from pydantic import FailFast, Field, model_validator

from schemas.base import MAX_BIGINT, MAX_INTEGER, NO_NUL, Event, ImageInfo, ObjectRef, Timestamp, WireModel
from schemas.extracted import Source

# Never change it: a redelivered record must give the same id as its first delivery.
TAGGED_NAMESPACE = UUID("6f6b1f0e-54f1-5b0b-9c0e-2b9a8a3f7d11")

# With the longest asset_id an entry of an index of PostgreSQL has at most 2704 bytes.
_MAX_TAG_BYTES: Final = 512

# In which order people read the tags of an asset: what it is, what of, what for, how it looks.
READING_ORDER: Final = ("object_types", "materials", "texture_roles", "art_styles", "color_palettes", "surface")

Name = Annotated[str, Field(min_length=1, max_length=128)]
Probability = Annotated[float, Field(ge=0, le=1)]
Digest = Annotated[
    str, Field(pattern=r"^sha256:[0-9a-f]{64}$", description="sha256: followed by the SHA-256 in lower-case hex")
]


class Tag(WireModel):
    """A tag with its confidence."""

    tag: str = Field(min_length=1, max_length=128, pattern=NO_NUL, description="Name of the tag in the taxonomy")
    category: str = Field(
        min_length=1, max_length=128, pattern=NO_NUL, description="Category of the tag in the taxonomy"
    )
    confidence: float = Field(
        ge=0,
        le=1,
        description="Probability that a person would agree; only a rank if model.calibrated is false",
    )
    source_model: str = Field(
        min_length=1, max_length=128, pattern=NO_NUL, description="Source of the tag: model name, pixels or names"
    )
    base_rate: Probability | None = Field(
        default=None, description="Mean confidence of the tag over games, known before the image is seen"
    )
    gain: float | None = Field(
        default=None, description="Log-odds by which the asset raised the tag above its base rate"
    )


class Candidates(WireModel):
    """The tags of one category that hold the right one in as many cases as ``coverage`` says."""

    category: str = Field(min_length=1, max_length=128, pattern=NO_NUL, description="Category of the tags")
    tags: Annotated[tuple[Name, ...], FailFast()] = Field(description="Names of the tags, most confident first")
    coverage: float = Field(
        ge=0, le=1, description="Promised share of assets whose right tag is in the set, calibrated over games"
    )


class Finding(WireModel):
    """What the pixels, the file or the name of a texture say is wrong with it, or a fact that tools ask for."""

    id: str = Field(min_length=1, max_length=32, pattern=NO_NUL, description="Id of the finding, e.g. AEG302")
    name: str = Field(min_length=1, max_length=64, pattern=NO_NUL, description="Name of it, e.g. normal-directx")
    severity: Literal["error", "warning", "note", "info"] = Field(
        description="Weight of the finding in this project; info is a fact and no fault"
    )
    value: float | None = Field(default=None, description="Measured value, in the unit that docs/findings.md names")


class Model(WireModel):
    """The model that was used."""

    id: str = Field(min_length=1, max_length=255, pattern=NO_NUL, description="Name of the model bundle")
    digest: Digest
    precision: str = Field(max_length=32, pattern=NO_NUL, description="Precision of the graph: fp32, fp16 or int8")
    provider: str = Field(max_length=64, description="onnxruntime execution provider")
    calibrated: bool = Field(default=False, description="True if confidences are probabilities, not only ranks")


class Taxonomy(WireModel):
    """The vocabulary of the tags."""

    id: str = Field(min_length=1, max_length=255, pattern=NO_NUL, description="Name of the taxonomy")
    version: str = Field(max_length=64, pattern=NO_NUL, description="Version of the taxonomy")
    digest: Digest


class Embedding(WireModel):
    """An L2-normalised image embedding: ``dim`` little-endian float16 numbers in base64."""

    dim: int = Field(ge=1, le=8192, description="Dimension of the vector")
    dtype: Literal["float16"] = Field(default="float16", description="Type of the numbers")
    data: str = Field(description="The dim numbers as little-endian float16, in base64")

    @classmethod
    def from_array(cls, vector: npt.NDArray[np.floating]) -> Self:
        packed = np.ascontiguousarray(vector, dtype="<f2").tobytes()
        return cls(dim=int(vector.shape[0]), data=base64.b64encode(packed).decode("ascii"))

    def to_array(self) -> npt.NDArray[np.float16]:
        """Return the float16 vector of shape ``[dim]``."""
        return np.frombuffer(base64.b64decode(self.data), dtype="<f2")

    @model_validator(mode="after")
    def _holds_dim_numbers(self) -> Self:
        try:
            packed = base64.b64decode(self.data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("embedding.data is not base64") from error
        if len(packed) != 2 * self.dim:
            raise ValueError(
                f"embedding.data holds {len(packed)} bytes, {self.dim} float16 numbers need {2 * self.dim}"
            )
        if not np.isfinite(np.frombuffer(packed, dtype="<f2")).all():
            raise ValueError("embedding.data holds a number that is not finite")
        return self


class TimingsMs(WireModel):
    """Milliseconds spent on this record, by stage."""

    wait: float = Field(default=0, ge=0, description="Time from publication of the extracted event to pick-up")
    fetch: float = Field(default=0, ge=0, description="Time for downloading and verifying the object")
    decode: float = Field(default=0, ge=0, description="Time for decoding and scaling the image")
    embed: float = Field(default=0, ge=0, description="Time for inference, including the wait for its batch")
    score: float = Field(default=0, ge=0, description="Time for computing tags from the embedding")


class CausedBy(WireModel):
    """The record that caused this event."""

    topic: str = Field(description="Topic of the extracted event")
    partition: int = Field(ge=0, le=MAX_INTEGER, description="Partition of the extracted event")
    offset: int = Field(ge=0, le=MAX_BIGINT, description="Offset of the extracted event")


class AssetTagged(Event):
    """Published by the tagger: the tags of a texture, and what is needed to verify or repeat them.

    ``event_id`` is the UUIDv5 of the extracted event, the model and the taxonomy: a redelivery gives the same id.
    ``embedding`` comes last, so that the tags are visible first in kcat.
    """

    CE_TYPE: ClassVar[str] = "aegis.asset.tagged.v1"
    SCHEMA_VERSION: ClassVar[str] = "1.0"

    extracted_event_id: UUID = Field(description="event_id of the extracted event")
    extracted_at: Timestamp = Field(
        description="occurred_at of the extracted event, or the time of its record where that is earlier; of two "
        "events of an asset, the later one wins"
    )
    object: ObjectRef
    image: ImageInfo
    # Validation stops at the first invalid tag: to report thousands would take seconds.
    tags: Annotated[tuple[Tag, ...], FailFast()] = Field(
        description="Tags, highest confidence first; empty if none applies"
    )
    model: Model
    taxonomy: Taxonomy
    timings_ms: TimingsMs = TimingsMs()
    caused_by: CausedBy
    source: Source | None = Field(default=None, description="Copy of source in the extracted event")
    pixel_evidence: dict[Name, dict[Name, Probability]] | None = Field(
        default=None,
        description="Results of the pixel tests by category and tag; together with the embedding they suffice to apply "
        "another taxonomy without the image",
    )
    candidates: Candidates | None = Field(
        default=None, description="Smallest set of object types that keeps its promise; published as tags or not"
    )
    findings: Annotated[tuple[Finding, ...], Field(fail_fast=True)] | None = Field(
        default=None, description="Findings by id; empty if the texture has none, missing if it was not looked over"
    )
    embedding: Embedding

    @model_validator(mode="after")
    def _tags_are_sorted(self) -> Self:
        check_sorted(self.tags)
        return self

    @model_validator(mode="after")
    def _tags_fit_an_index(self) -> Self:
        for tag in self.tags:
            check_fits_index("tags", tag.category, tag.tag)
        return self


def check_sorted(tags: Sequence[Tag]) -> None:
    """Raise ValueError unless the highest confidence comes first."""
    confidences = [tag.confidence for tag in tags]
    if confidences != sorted(confidences, reverse=True):
        raise ValueError("tags: they are not sorted by confidence, highest first")


def check_fits_index(field: str, category: str, tag: str) -> None:
    """Raise ValueError where an index of PostgreSQL could not hold the two names beside an asset_id."""
    names = category + tag
    if not names.isascii() and len(names.encode()) > _MAX_TAG_BYTES:
        raise ValueError(f"{field}: a tag and its category have more than {_MAX_TAG_BYTES} bytes in UTF-8")


def tagged_event_id(extracted_event_id: UUID, model_digest: str, taxonomy_digest: str) -> UUID:
    """Return the UUIDv5 that every tagging of one event by one model and taxonomy shares."""
    return uuid5(TAGGED_NAMESPACE, f"{extracted_event_id}\n{model_digest}\n{taxonomy_digest}")


class Confident(Protocol):
    """A tag of any kind: of an event, or of the tables."""

    @property
    def tag(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def confidence(self) -> float: ...


TagT = TypeVar("TagT", bound=Confident)


def in_reading_order(tags: Iterable[TagT]) -> list[TagT]:
    """Return tags by category, in each the most confident first; categories that are not ours come last."""
    return sorted(tags, key=lambda tag: (category_place(tag.category), tag.category, -tag.confidence, tag.tag))


def category_place(category: str) -> int:
    return READING_ORDER.index(category) if category in READING_ORDER else len(READING_ORDER)
