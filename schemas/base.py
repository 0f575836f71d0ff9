"""What all events have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Final
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
    Field(description="Timestamp in RFC 3339, UTC, with milliseconds"),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 in lower-case hex")]
# What no table can hold is no valid event: whoever reads it first says so, and nobody later has to.
NO_NUL: Final = r"^[^\x00]*$"
MAX_INTEGER: Final = 2**31 - 1
MAX_BIGINT: Final = 2**63 - 1
MAX_ASSET_ID_CHARS = 512
AssetId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_ASSET_ID_CHARS,
        pattern=NO_NUL,
        description="Id of the asset, the same for every extraction; also the record's key",
    ),
]
SchemaVersion = Annotated[
    str,
    Field(
        pattern=r"^\d+\.\d+$",
        description="Schema version, major.minor; a reader accepts any minor of its major",
    ),
]


class WireModel(BaseModel):
    """A part of an event: immutable; fields that a newer writer added are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Event(WireModel):
    """The fields that every event begins with."""

    CE_TYPE: ClassVar[str]
    SCHEMA_VERSION: ClassVar[str]

    event_id: UUID = Field(description="Id of the event; a redelivery has the same one")
    schema_version: SchemaVersion
    occurred_at: Timestamp
    asset_id: AssetId


class ObjectRef(WireModel):
    """Location of an asset's bytes; size and checksum, if given, are verified by whoever fetches the object."""

    bucket: str = Field(min_length=1, max_length=255, pattern=NO_NUL, description="Bucket of the object store")
    key: str = Field(
        min_length=1,
        max_length=1024,
        pattern=NO_NUL,
        description="Key in the bucket, by convention sha256/ab/cd/<sha256>.<ext>",
    )
    size: int | None = Field(default=None, ge=0, le=MAX_BIGINT, description="Size of the object in bytes")
    sha256: Sha256 | None = Field(default=None, description="SHA-256 of the object in lower-case hex")
    content_type: str | None = Field(default=None, max_length=255, description="Media type, e.g. image/png")


class ImageInfo(WireModel):
    """The image inside the object."""

    width: int = Field(ge=1, le=MAX_INTEGER, description="Width in pixels")
    height: int = Field(ge=1, le=MAX_INTEGER, description="Height in pixels")
    mode: str = Field(max_length=32, pattern=NO_NUL, description="Pixel mode in Pillow's notation, e.g. RGBA")
