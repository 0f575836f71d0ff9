"""Events to bytes and back: flat JSON in UTF-8, with limits that hostile input meets before any parser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from schemas.base import NO_NUL, AssetId, Event
from schemas.headers import RawHeaders, event_headers

EventT = TypeVar("EventT", bound=Event)

MAX_EVENT_BYTES = 900_000
MAX_HEADERS = 100
MAX_HEADERS_BYTES = 65_536
_MAX_REASON_CHARS = 600
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_ASSET_ID: Final = TypeAdapter[str](AssetId)


class EventDecodeError(ValueError):
    """The value is not an event of the expected kind; the record itself is at fault and a retry cannot help."""


class MalformedEventError(EventDecodeError):
    """Not JSON, or not of the event's schema."""


class UnknownSchemaVersionError(EventDecodeError):
    """An event of a major version that this reader does not know."""


class EventRecord(NamedTuple):
    """The parts of the record that carries an event."""

    key: bytes
    value: bytes
    headers: RawHeaders


def event_record(event: Event, *, source: str, traceparent: str | None = None) -> EventRecord:
    """Return the record that carries the event; for ``source`` and ``traceparent`` see :func:`event_headers`."""
    headers = event_headers(event, source=source, traceparent=traceparent)
    return EventRecord(event.asset_id.encode(), encode_event(event), headers)


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
        raise MalformedEventError(explain(error)) from error


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


def removed_asset(key: bytes | None, timestamp_ms: int) -> str:
    """Return the asset that a tombstone removes: its record's key.

    Raises:
        MalformedEventError: the key is none that an asset can have, or the record's time is no date.

    """
    try:
        asset_id = _ASSET_ID.validate_python((key or b"").decode())
    except UnicodeDecodeError as error:
        raise MalformedEventError("the tombstone's key is not UTF-8, so it names no asset") from error
    except ValidationError as error:
        raise MalformedEventError(explain(error, "the tombstone's key, an asset_id")) from error
    try:
        datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise MalformedEventError(f"the tombstone's timestamp is no date: {timestamp_ms} ms since 1970") from error
    return asset_id


def _parse_object(value: bytes) -> dict[str, object]:
    if len(value) > MAX_EVENT_BYTES:
        raise MalformedEventError(f"the value is {len(value)} bytes long, an event has at most {MAX_EVENT_BYTES}")
    try:
        fields = from_json(value)  # refuses nesting deeper than 200 levels by itself
    except ValueError as error:
        raise MalformedEventError(not_json(value, "the value", error)) from error
    if not isinstance(fields, dict):
        raise MalformedEventError(f"the value is a JSON {type(fields).__name__}, an event is a JSON object")
    return fields


def not_json(value: bytes, what: str, error: ValueError) -> str:
    """Return what is wrong with bytes that are no JSON; a lone surrogate is told by its field.

    Half a character is no Unicode, so neither JSON in UTF-8 nor a table holds it.
    """
    name = None
    if len(value) <= MAX_EVENT_BYTES and _SURROGATE.search(value):
        with suppress(ValueError, RecursionError):
            name = _surrogate_in(json.loads(value))
    if name is not None:
        shown = name[:80].encode(errors="replace").decode()
        return f"{shown}: holds a lone surrogate, which is half a character: write it as UTF-8, or leave it out"
    return f"{what} is not JSON: {error}"[:_MAX_REASON_CHARS]


def _surrogate_in(value: object, name: str = "") -> str | None:
    """Return the name of the first field that holds a lone surrogate."""
    if isinstance(value, str):
        return None if value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value) else name
    fields = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    names = (_surrogate_in(item, f"{name}.{key}".lstrip(".")) for key, item in fields)
    return next((found for found in names if found is not None), None)


def explain(error: ValidationError, name: str = "event") -> str:
    """Name each field at fault (``name`` where it has none) and its limit, without echoing values.

    Those may be large or private.
    """
    return "; ".join(_problem(item, name) for item in error.errors(include_url=False, include_input=False))[
        :_MAX_REASON_CHARS
    ]


def _problem(item: ErrorDetails, name: str) -> str:
    field = ".".join(map(str, item["loc"]))
    if item.get("ctx", {}).get("pattern") == NO_NUL:
        return f"{field or name}: holds a NUL character, which no table can store"
    message = item["msg"].removeprefix("Value error, ")
    if not field and item["type"] == "value_error":
        # Of a whole model, whose rule names the field by itself.
        return message
    return f"{field or name}: {message[:1].lower()}{message[1:]}"
