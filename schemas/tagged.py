"""``asset-tagged``: what a model saw in a texture, and everything needed to trust or repeat it."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID, uuid5

import numpy as np
import numpy.typing as npt
from pydantic import FailFast, Field, model_validator

from schemas.base import Event, ImageInfo, ObjectRef, Timestamp, WireModel
from schemas.extracted import Source

# Fixed for ever: a redelivered record must give the id that its first delivery gave.
TAGGED_NAMESPACE = UUID("6f6b1f0e-54f1-5b0b-9c0e-2b9a8a3f7d11")

Name = Annotated[str, Field(min_length=1, max_length=128)]
Probability = Annotated[float, Field(ge=0, le=1)]
Digest = Annotated[
    str, Field(pattern=r"^sha256:[0-9a-f]{64}$", description="sha256: and the SHA-256 in lower-case hex")
]


class Tag(WireModel):
    """One thing that was seen."""

    tag: str = Field(min_length=1, max_length=128, description="Name of the tag in the taxonomy")
    category: str = Field(min_length=1, max_length=128, description="Category of the tag in the taxonomy")
    confidence: float = Field(
        ge=0,
        le=1,
        description="Probability that a person would agree; calibrated unless model.calibrated is false",
    )
    source_model: str = Field(min_length=1, max_length=128, description="Who said so: a model, pixels or names")


class Model(WireModel):
    """The model that tagged."""

    id: str = Field(min_length=1, max_length=255, description="Name of the model bundle")
    digest: Digest
    precision: str = Field(max_length=32, description="fp32, fp16 or int8")
    provider: str = Field(max_length=64, description="onnxruntime execution provider that ran it")
    calibrated: bool = Field(default=False, description="False: confidences order tags, but are no probabilities")


class Taxonomy(WireModel):
    """The vocabulary that the tags come from."""

    id: str = Field(min_length=1, max_length=255, description="Name of the taxonomy")
    version: str = Field(max_length=64, description="Version of the taxonomy")
    digest: Digest


class Embedding(WireModel):
    """An L2-normalised image embedding: ``dim`` little-endian float16 numbers in base64."""

    dim: int = Field(ge=1, le=8192, description="Numbers in the vector")
    dtype: Literal["float16"] = Field(default="float16", description="Type of each number")
    data: str = Field(description="base64 of dim little-endian float16 numbers")

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
            size_bytes = len(base64.b64decode(self.data, validate=True))
        except (binascii.Error, ValueError) as error:
            raise ValueError("embedding.data is not base64") from error
        if size_bytes != 2 * self.dim:
            raise ValueError(f"embedding.data holds {size_bytes} bytes, {self.dim} float16 numbers need {2 * self.dim}")
        return self


class TimingsMs(WireModel):
    """Milliseconds spent on this record by stage; ``wait`` is from publication to pick-up."""

    wait: float = Field(default=0, ge=0, description="From the extracted event's publication to its pick-up")
    fetch: float = Field(default=0, ge=0, description="Download and check of the object")
    decode: float = Field(default=0, ge=0, description="Decoding and scaling of the image")
    embed: float = Field(default=0, ge=0, description="Inference, waiting for its batch included")
    score: float = Field(default=0, ge=0, description="From the embedding to the tags")


class CausedBy(WireModel):
    """The record this event answers."""

    topic: str = Field(description="Topic of the extracted event")
    partition: int = Field(ge=0, description="Its partition")
    offset: int = Field(ge=0, description="Its offset")


class AssetTagged(Event):
    """Published by the tagger: what a model saw in a texture, and everything needed to trust or repeat it.

    ``event_id`` is the UUIDv5 of the extracted event, the model and the taxonomy: a redelivery repeats the same id.
    ``embedding`` stands last, so that kcat shows the tags first.
    """

    CE_TYPE: ClassVar[str] = "aegis.asset.tagged.v1"
    SCHEMA_VERSION: ClassVar[str] = "1.0"

    extracted_event_id: UUID = Field(description="event_id of the extracted event that this one answers")
    extracted_at: Timestamp = Field(
        description="occurred_at of the extracted event; of two events of one asset the later one counts"
    )
    object: ObjectRef
    image: ImageInfo
    # The first bad tag is enough: to name each of many would take seconds.
    tags: Annotated[tuple[Tag, ...], FailFast()] = Field(
        description="Sorted by confidence, highest first; empty when nothing was found"
    )
    model: Model
    taxonomy: Taxonomy
    timings_ms: TimingsMs = TimingsMs()
    caused_by: CausedBy
    source: Source | None = Field(default=None, description="As the extracted event gave it")
    pixel_evidence: dict[Name, dict[Name, Probability]] | None = Field(
        default=None,
        description="What tests on the pixels gave, by category and tag; with the embedding it is all that scoring "
        "needs, so that another taxonomy can be applied without the image",
    )
    embedding: Embedding

    @model_validator(mode="after")
    def _tags_are_sorted(self) -> Self:
        confidences = [tag.confidence for tag in self.tags]
        if confidences != sorted(confidences, reverse=True):
            raise ValueError("tags are not sorted by confidence, highest first")
        return self


def tagged_event_id(extracted_event_id: UUID, model_digest: str, taxonomy_digest: str) -> UUID:
    """Return the UUIDv5 that every tagging of one event by one model and taxonomy shares."""
    return uuid5(TAGGED_NAMESPACE, f"{extracted_event_id}\n{model_digest}\n{taxonomy_digest}")
