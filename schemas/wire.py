"""Events to bytes and back: flat JSON in UTF-8, with limits that hostile input meets before any parser."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from schemas.base import MAX_ASSET_ID_CHARS, Event

EventT = TypeVar("EventT", bound=Event)

MAX_EVENT_BYTES = 900_000
MAX_HEADERS = 100
MAX_HEADERS_BYTES = 65_536
_MAX_REASON_CHARS = 600


class EventDecodeError(ValueError):
    """The value is not an event of the expected kind; the record itself is at fault and a retry cannot help."""


class MalformedEventError(EventDecodeError):
    """Not JSON, or not of the event's schema."""


class UnknownSchemaVersionError(EventDecodeError):
    """An event of a major version that this reader does not know."""


def encode_event(event: Event) -> bytes:
    """Return the event as compact UTF-8 JSON, fields in the schema's order, absent optional fields left out."""
    return event.model_dump_json(exclude_none=True).encode()


def decode_event(kind: type[EventT], value: bytes) -> EventT:
    """Parse one event.

    Raises:
        UnknownSchemaVersionError: the major of ``schema_version`` is not the one of ``kind``.
        MalformedEventError: too long, too deep, not a JSON object, or not of the schema.

    """
    fields = _parse_object(value)
    version = fields.get("schema_version")
    known_major = kind.SCHEMA_VERSION.split(".")[0]
    if isinstance(version, str) and re.fullmatch(r"\d+\.\d+", version) and version.split(".")[0] != known_major:
        raise UnknownSchemaVersionError(
            f"schema_version is {version}, this reader knows {known_major}.x: upgrade it, then redrive this record"
        )
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise MalformedEventError(_explain(error)) from error


def check_headers(headers: Iterable[tuple[str, bytes | None]]) -> None:
    """Refuse a record whose headers are beyond what an event may have; its own few take less than a kilobyte.

    Raises:
        MalformedEventError: too many, or too large altogether.

    """
    sizes = [len(name) + len(value or b"") for name, value in headers]
    if len(sizes) > MAX_HEADERS or sum(sizes) > MAX_HEADERS_BYTES:
        raise MalformedEventError(
            f"the record has {len(sizes)} headers of {sum(sizes)} bytes altogether, "
            f"at most {MAX_HEADERS} of {MAX_HEADERS_BYTES} bytes are read"
        )


def removed_asset(key: bytes | None) -> str:
    """Return the asset that a tombstone removes: its record's key.

    Raises:
        MalformedEventError: the key is none that an asset can have.

    """
    try:
        asset_id = (key or b"").decode()
    except UnicodeDecodeError as error:
        raise MalformedEventError("the tombstone's key is not UTF-8, so it names no asset") from error
    if not 0 < len(asset_id) <= MAX_ASSET_ID_CHARS:
        raise MalformedEventError(
            f"the tombstone's key has {len(asset_id)} characters, an asset_id has 1 to {MAX_ASSET_ID_CHARS}"
        )
    return asset_id


def _parse_object(value: bytes) -> dict[str, object]:
    if len(value) > MAX_EVENT_BYTES:
        raise MalformedEventError(f"the value is {len(value)} bytes long, an event has at most {MAX_EVENT_BYTES}")
    try:
        fields = from_json(value)  # refuses nesting deeper than 200 levels by itself
    except ValueError as error:
        raise MalformedEventError(f"the value is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise MalformedEventError(f"the value is a JSON {type(fields).__name__}, an event is a JSON object")
    return fields


def _explain(error: ValidationError) -> str:
    """Name the fields at fault without echoing their values, which may be large or private."""
    problems = [
        f"{'.'.join(str(part) for part in item['loc']) or 'event'}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return "; ".join(problems)[:_MAX_REASON_CHARS]
