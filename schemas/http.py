"""Requests and responses of the HTTP gateway, compatible with the clients of the service before it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.base import AssetId, Timestamp
from schemas.reviewed import Word
from schemas.tagged import READING_ORDER

DEFAULT_THRESHOLD = 0.7
# The category that answers what the image shows.
FIRST_CATEGORY = READING_ORDER[0]
SERVICE_NAME = "clip-tagging"

Threshold = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Minimum confidence of the tags in the response, applied as given; where it is not given, the best "
        "object type that an event would carry is in the response too",
    ),
]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class TagRequest(_Request):
    """An image to tag."""

    asset_id: AssetId | None = Field(
        default=None, description="Id of the asset; without one the image is tagged and answered, never published"
    )
    image_data: str = Field(min_length=1, description="Image file in base64, or as a data: URI")
    confidence_threshold: Threshold = DEFAULT_THRESHOLD

    @property
    def stated_threshold(self) -> float | None:
        """The threshold that the client gave, None if it gave none."""
        return self.confidence_threshold if "confidence_threshold" in self.model_fields_set else None


class GivenTag(_Answer):
    """A tag of the image."""

    tag: str = Field(description="Name of the tag in the taxonomy")
    category: str = Field(description="Category of the tag in the taxonomy")
    confidence: float = Field(ge=0, le=1, description="Probability that a person would agree")
    source_model: str = Field(description="Source of the tag: model name, pixels or names")
    processing_time_ms: int = Field(ge=0, description="Milliseconds spent on tagging the image")


class TagAnswer(_Answer):
    """The tags of the image."""

    asset_id: str | None = Field(description="asset_id of the request; null if it had none")
    tags: tuple[GivenTag, ...] = Field(
        description="Tags by category in reading order, highest confidence first; empty if none qualifies"
    )
    processing_time_ms: int = Field(ge=0, description="Milliseconds from the complete request to this response")
    status: Literal["success"] = "success"
    error_message: None = Field(default=None, description="Always null: there was no error")


class ErrorAnswer(_Answer):
    """An error."""

    status: Literal["error"] = "error"
    error_message: str = Field(description="One sentence that says what is wrong and what to do")


class HealthAnswer(_Answer):
    """Whether the service can tag images."""

    status: Literal["healthy", "unhealthy"]
    timestamp: Timestamp
    service: Literal["clip-tagging"] = "clip-tagging"


class StoredTag(_Answer):
    """A current tag of an asset; a person's verdict takes precedence over a model."""

    tag: str
    category: str
    confidence: float = Field(ge=0, le=1)
    source: Literal["model", "human"]
    source_model: str | None = Field(description="Model name, pixels or names; null if a person added it")
    verdict: Literal["confirmed", "rejected", "added"] | None = Field(description="Verdict of a person, or null")


class StoredFinding(_Answer):
    """What is wrong with an asset, or a fact about it; docs/findings.md says what each means."""

    id: str
    name: str
    severity: Literal["error", "warning", "note", "info"]
    value: float | None = Field(description="Measured value, or null")


class StoredRelative(_Answer):
    """Another asset that is the same texture; docs/findings.md says what each relation means."""

    asset_id: str
    relation: str = Field(description="What one is of the other, e.g. identical, resized or flipped")
    said_of: Literal["this", "other"] = Field(
        description="Subject of the relation: this, where the asset is it of the other, or other, the other way round"
    )


class AssetTags(_Answer):
    """A stored asset with its current tags."""

    asset_id: str
    bucket: str
    object_key: str
    width: int
    height: int
    model: str
    taxonomy: str
    extracted_at: datetime
    tagged_at: datetime
    tags: tuple[StoredTag, ...] = Field(description="Current tags, by category in reading order")
    findings: tuple[StoredFinding, ...] | None = Field(
        default=None, description="What is wrong with it; null if it was not looked over"
    )
    related: tuple[StoredRelative, ...] = Field(
        default=(),
        description="The same texture in other assets, equal contents first, at most 100; others than equal ones are "
        "known where a comparer runs",
    )


class FoundAsset(_Answer):
    """An asset that matches a search."""

    asset_id: str
    confidence: float = Field(
        ge=0, le=1, description="Highest confidence of the tags that match, or of all where no tag was asked for"
    )
    bucket: str
    object_key: str
    width: int
    height: int
    tags: tuple[StoredTag, ...] = Field(description="All tags of the asset, by category in reading order")
    findings: tuple[str, ...] | None = Field(
        default=None, description="Names of what is wrong with it; null if it was not looked over"
    )
    evidences: tuple[Literal["name", "tag", "looks"], ...] = Field(
        default=(), description="What found it, most telling first; empty where only filters were given"
    )
    similarity: float | None = Field(
        default=None, description="Cosine between its embedding and the question's; null where looks did not find it"
    )


class SearchAnswer(_Answer):
    """A page of search results."""

    assets: tuple[FoundAsset, ...]
    notes: tuple[str, ...] = Field(
        default=(), description="Sentences on tags that the taxonomy does not have, with the nearest names"
    )
    next: str | None = Field(description="Pass as `after` to get the next page; null on the last page")


class SaidVerdict(_Request):
    """A person's word on one tag of an asset."""

    asset_id: AssetId
    tag: str = Field(min_length=1, max_length=128, description="Name of the tag")
    word: Word = Field(description="confirmed, rejected, added, or withdrawn: what was said before no longer counts")
    category: str | None = Field(
        default=None,
        min_length=1,
        max_length=128,
        description="Category of the tag; without one, that in which the asset or the taxonomy has it",
    )
    new: bool = Field(default=False, description="Allow a tag that the taxonomy does not have")
    event_id: UUID | None = Field(
        default=None, description="Id of the event; send the same one again after an error, and it counts once"
    )


class VerdictRequest(_Request):
    """What one person says, of one asset or of many."""

    by: str = Field(min_length=1, max_length=128, description="Name of the person")
    verdicts: tuple[SaidVerdict, ...] = Field(
        min_length=1, max_length=1000, description="Words, in the order in which they were said"
    )
    wait_seconds: float = Field(
        default=0, ge=0, le=10, allow_inf_nan=False, description="Longest wait for the tables to show them"
    )


class SavedVerdict(_Answer):
    """A word that is saved: acknowledged by all in-sync replicas."""

    event_id: UUID
    asset_id: str
    category: str
    tag: str
    word: Word
    by: str
    decided_at: Timestamp
    replaced: Word | None = Field(description="What was said of the tag before; say it again, or withdrawn, to undo")
    tags: tuple[StoredTag, ...] = Field(description="Tags of the asset after this word, highest confidence first")


class VerdictAnswer(_Answer):
    """All words of the request, saved."""

    verdicts: tuple[SavedVerdict, ...]
    stored: bool = Field(description="True if the tables show them already, which wait_seconds waits for")
    status: Literal["success"] = "success"


class HistoryEntry(_Answer):
    """One word of a person."""

    event_id: UUID
    asset_id: str
    category: str
    tag: str
    word: Word
    by: str
    decided_at: Timestamp


class HistoryAnswer(_Answer):
    """A page of what people said, newest first."""

    verdicts: tuple[HistoryEntry, ...]
    next: str | None = Field(description="Pass as `after` to get the next page; null on the last page")
