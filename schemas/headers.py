"""Record headers: the CloudEvents 1.0 Kafka binding in binary mode, and W3C trace context."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from schemas.base import Event, format_rfc3339

RawHeaders = tuple[tuple[str, bytes], ...]

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$")


def event_headers(event: Event, *, source: str, traceparent: str | None = None) -> RawHeaders:
    """Return the headers an event travels with.

    Args:
        event: what the record's value holds.
        source: ``ce_source``, a URI reference that names the writer, e.g. ``/aegis/tagger``.
        traceparent: the caller's W3C trace context; a new trace starts when it is missing or malformed.

    """
    texts = (
        ("ce_specversion", "1.0"),
        ("ce_id", str(event.event_id)),
        ("ce_type", event.CE_TYPE),
        ("ce_source", source),
        ("ce_time", format_rfc3339(event.occurred_at)),
        ("ce_subject", event.asset_id),
        ("content-type", "application/json"),
        ("traceparent", child_traceparent(traceparent)),
    )
    return tuple((name, text.encode()) for name, text in texts)


def child_traceparent(parent: str | None) -> str:
    """Return a traceparent of the parent's trace with a new span id, or of a new trace."""
    matched = _TRACEPARENT.match(parent or "")
    trace_id = matched.group(1) if matched else secrets.token_hex(16)
    return f"00-{trace_id}-{secrets.token_hex(8)}-01"


def trace_id(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """Return the trace id of a record's ``traceparent`` header, None without a well-formed one."""
    matched = _TRACEPARENT.match(header_text(headers, "traceparent") or "")
    return matched.group(1) if matched else None


def header_text(headers: Iterable[tuple[str, bytes | None]], name: str) -> str | None:
    """Return the last header of this name as text; bytes that are not UTF-8 are replaced, never an error."""
    found = None
    for key, value in headers:
        if key == name and value is not None:
            found = value.decode("utf-8", errors="replace")
    return found
