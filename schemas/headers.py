"""Record headers: the CloudEvents 1.0 Kafka binding in binary mode, and W3C trace context."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.base import Event, format_rfc3339

RawHeaders = tuple[tuple[str, bytes], ...]

# On a tombstone of asset-tagged: where the removal lies on asset-extracted. An event says it in its value.
CAUSED_BY: Final = "caused-by"
_CAUSED_BY = re.compile(r"^[^/]+/(\d{1,9})/(\d{1,18})$")
_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$")


def event_headers(event: Event, *, source: str, traceparent: str | None = None) -> RawHeaders:
    """Return the headers an event travels with.

    Args:
        event: what the record's value holds.
        source: ``ce_source``, a URI reference that names the writer, e.g. ``/aegis/tagger``.
        traceparent: the caller's W3C trace context; a new trace starts when it is missing or malformed.

    """
    return cloudevent_headers(
        type(event),
        event_id=str(event.event_id),
        source=source,
        time=format_rfc3339(event.occurred_at),
        subject=event.asset_id.encode(),
        traceparent=traceparent,
    )


def cloudevent_headers(
    kind: type[Event], *, event_id: str, source: str, time: str, subject: bytes, traceparent: str | None
) -> RawHeaders:
    """Return the headers of an event of which only these fields are at hand; see :func:`event_headers`."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_type", kind.CE_TYPE.encode()),
        ("ce_source", source.encode()),
        ("ce_time", time.encode()),
        ("ce_subject", subject),
        ("content-type", b"application/json"),
        ("traceparent", child_traceparent(traceparent).encode()),
    )


def child_traceparent(parent: str | None) -> str:
    """Return a traceparent of the parent's trace, sampled or not as that is, with a new span id; or of a new trace."""
    matched = _TRACEPARENT.match(parent or "")
    trace_id, flags = matched.groups() if matched else (secrets.token_hex(16), "01")
    return f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"


def trace_id(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """Return the trace id of a record's ``traceparent`` header, None without a well-formed one."""
    matched = _TRACEPARENT.match(header_text(headers, "traceparent") or "")
    return matched.group(1) if matched else None


class SourcePlace(NamedTuple):
    """Where a record lies on its topic; all records of an asset lie in one partition, in the order of their writing."""

    partition: int
    offset: int

    def is_before(self, other: SourcePlace | None) -> bool:
        """Tell whether it certainly lies before the other one; False where the two cannot be compared."""
        return other is not None and self.partition == other.partition and self.offset < other.offset


def with_caused_by(
    headers: Iterable[tuple[str, bytes | None]], topic: str, place: SourcePlace
) -> tuple[tuple[str, bytes | None], ...]:
    """Return the headers with the place of the record that is passed on."""
    text = f"{topic}/{place.partition}/{place.offset}"
    return (*((name, value) for name, value in headers if name != CAUSED_BY), (CAUSED_BY, text.encode()))


def caused_by(headers: Iterable[tuple[str, bytes | None]]) -> SourcePlace | None:
    """Return the place that :func:`with_caused_by` wrote, None without a well-formed one."""
    matched = _CAUSED_BY.match(header_text(headers, CAUSED_BY) or "")
    return SourcePlace(int(matched.group(1)), int(matched.group(2))) if matched else None


def header_text(headers: Iterable[tuple[str, bytes | None]], name: str) -> str | None:
    """Return the last header of this name as text; bytes that are not UTF-8 are replaced, never an error."""
    text = None
    for key, value in headers:
        if key == name and value is not None:
            text = value.decode("utf-8", errors="replace")
    return text
