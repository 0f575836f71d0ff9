"""What every event on the wire has in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer


def utc_now() -> datetime:
    return datetime.now(UTC)


def format_rfc3339(moment: datetime) -> str:
    """Render an aware datetime as RFC 3339 in UTC with milliseconds, e.g. ``2026-01-31T12:00:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_utc_milliseconds(moment: datetime) -> datetime:
    # The wire carries milliseconds; cutting here keeps a model equal to its own round trip.
    in_utc = moment.astimezone(UTC)
    return in_utc.replace(microsecond=in_utc.microsecond // 1000 * 1000)


Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(_to_utc_milliseconds),
    PlainSerializer(format_rfc3339, return_type=str, when_used="json"),
    Field(description="RFC 3339, UTC"),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, lower-case hex")]
AssetId = Annotated[
    str,
    Field(min_length=1, max_length=512, description="Stable for one asset across extractions; the record's key"),
]
SchemaVersion = Annotated[
    str,
    Field(pattern=r"^\d+\.\d+$", description="major.minor; a reader accepts any minor of its major"),
]


class WireModel(BaseModel):
    """A part of an event: immutable, and blind to fields that a newer writer added."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Event(WireModel):
    """The fields that open every event."""

    CE_TYPE: ClassVar[str]
    SCHEMA_VERSION: ClassVar[str]

    event_id: UUID
    schema_version: SchemaVersion
    occurred_at: Timestamp
    asset_id: AssetId


class ObjectRef(WireModel):
    """Where an asset's bytes lie. What is given here is checked by whoever fetches the object."""

    bucket: str = Field(min_length=1, max_length=255)
    key: str = Field(min_length=1, max_length=1024)
    size: int | None = Field(default=None, ge=0, description="bytes")
    sha256: Sha256 | None = None
    content_type: str | None = Field(default=None, max_length=255)


class ImageInfo(WireModel):
    width: int = Field(ge=1, description="pixels")
    height: int = Field(ge=1, description="pixels")
    mode: str = Field(max_length=32, description="Pixel layout as Pillow names it, e.g. RGBA")
