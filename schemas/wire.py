"""Events to bytes and back: flat JSON in UTF-8, with limits that hostile input meets before any parser."""

from __future__ import annotations

import re
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from schemas.base import Event

EventT = TypeVar("EventT", bound=Event)

MAX_EVENT_BYTES = 900_000
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
