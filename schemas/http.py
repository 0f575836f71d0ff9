"""What travels over HTTP: the gateway's requests and answers, as the first service's clients know them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.base import AssetId, Timestamp

DEFAULT_THRESHOLD = 0.7
SERVICE_NAME = "clip-tagging"

Threshold = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Least confidence of a tag that is given; it is compared as it stands, never moved",
    ),
]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class TagRequest(_Request):
    """One image to be tagged."""

    asset_id: AssetId
    image_data: str = Field(min_length=1, description="The image file in base64, or a data: URI that holds it")
    confidence_threshold: Threshold = DEFAULT_THRESHOLD


class GivenTag(_Answer):
    """One thing that was seen."""

    tag: str = Field(description="Name of the tag in the taxonomy")
    category: str = Field(description="Category of the tag in the taxonomy")
    confidence: float = Field(ge=0, le=1, description="Probability that a person would agree")
    source_model: str = Field(description="Who said so: a model, pixels or names")
    processing_time_ms: int = Field(ge=0, description="Milliseconds from the image to its tags")


class TagAnswer(_Answer):
    """What was seen in the image."""

    asset_id: str | None = Field(description="As the request gave it")
    tags: tuple[GivenTag, ...] = Field(description="Highest confidence first; empty when nothing reaches the threshold")
    processing_time_ms: int = Field(ge=0, description="Milliseconds from the whole request to this answer")
    status: Literal["success"] = "success"
    error_message: None = Field(default=None, description="null: there was no error")


class ErrorAnswer(_Answer):
    """Why there is no other answer."""

    status: Literal["error"] = "error"
    error_message: str = Field(description="One sentence that says what is wrong, and what to do")


class HealthAnswer(_Answer):
    """Whether images are tagged now."""

    status: Literal["healthy", "unhealthy"]
    timestamp: Timestamp
    service: Literal["clip-tagging"] = "clip-tagging"


class StoredTag(_Answer):
    """A tag that holds now, a person's verdict before a model's."""

    tag: str
    category: str
    confidence: float = Field(ge=0, le=1)
    source: Literal["model", "human"]
    source_model: str | None = Field(description="The model, pixels or names; null for a person")
    verdict: Literal["confirmed", "rejected", "added"] | None = Field(description="What a person said; null: nothing")


class AssetTags(_Answer):
    """What the tables know of one asset."""

    asset_id: str
    bucket: str
    object_key: str
    width: int
    height: int
    model: str
    taxonomy: str
    extracted_at: datetime
    tagged_at: datetime
    tags: tuple[StoredTag, ...] = Field(description="Highest confidence first")


class FoundAsset(_Answer):
    """An asset that a search found."""

    asset_id: str
    confidence: float = Field(ge=0, le=1, description="Of its best tag that matched")
    bucket: str
    object_key: str
    width: int
    height: int
    tags: tuple[StoredTag, ...] = Field(description="Its surest tags, highest confidence first")


class SearchAnswer(_Answer):
    """One page of a search."""

    assets: tuple[FoundAsset, ...]
    next: str | None = Field(description="Give it as `after` for the next page; null: this was the last")
