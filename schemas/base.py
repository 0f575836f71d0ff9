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
    try:
        in_utc = moment.astimezone(UTC)
    except OverflowError as error:
        # pydantic takes only ValueError for the input's fault; anything else would pass as ours.
        raise ValueError("the moment lies outside the years 1 to 9999 in UTC") from error
    return in_utc.replace(microsecond=in_utc.microsecond // 1000 * 1000)


Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(_to_utc_milliseconds),
    PlainSerializer(format_rfc3339, return_type=str, when_used="json"),
    Field(description="RFC 3339 in UTC, with milliseconds"),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, lower-case hex")]
MAX_ASSET_ID_CHARS = 512
AssetId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_ASSET_ID_CHARS,
        description="Stable for one asset across extractions; the record's key",
    ),
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

    event_id: UUID = Field(description="Unique for one event; a redelivery repeats it")
    schema_version: SchemaVersion
    occurred_at: Timestamp
    asset_id: AssetId


class ObjectRef(WireModel):
    """Where an asset's bytes lie. What is given here is checked by whoever fetches the object."""

    bucket: str = Field(min_length=1, max_length=255, description="Bucket of the object store")
    key: str = Field(
        min_length=1, max_length=1024, description="Key in the bucket, by convention sha256/ab/cd/<sha256>.<ext>"
    )
    size: int | None = Field(default=None, ge=0, description="Bytes of the object")
    sha256: Sha256 | None = Field(default=None, description="SHA-256 of the object, lower-case hex")
    content_type: str | None = Field(default=None, max_length=255, description="Media type, e.g. image/png")


class ImageInfo(WireModel):
    """The image inside the object."""

    width: int = Field(ge=1, description="Pixels from left to right")
    height: int = Field(ge=1, description="Pixels from top to bottom")
    mode: str = Field(max_length=32, description="Pixel layout as Pillow names it, e.g. RGBA")
