"""Dead letters: a record that could not be processed, byte for byte, with its history in the headers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from schemas.base import format_rfc3339
from schemas.headers import RawHeaders, header_text

HEADER_PREFIX = "dlq-"
_MAX_MESSAGE_CHARS = 2000


class Stage(StrEnum):
    """Where a record failed."""

    DECODE_EVENT = "decode-event"
    FETCH = "fetch"
    DECODE_IMAGE = "decode-image"
    EMBED = "embed"
    SCORE = "score"
    STORE = "store"
    # A record whose stage cannot be known: an error outside every named step.
    PROCESS = "process"


class Disposition(StrEnum):
    """Why it was given up: the record's own fault, or an unknown error that outlived its retries."""

    POISON = "poison"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The ``dlq-*`` headers: field ``error_class`` is header ``dlq-error-class``, and so on. All UTF-8 text."""

    error_class: str
    error_message: str
    error_stage: Stage
    topic: str
    partition: int
    offset: int
    timestamp: str
    group: str
    attempts: int
    disposition: Disposition
    first_failed_at: str
    last_failed_at: str
    replay_count: int = 0

    def to_headers(self, original: Iterable[tuple[str, bytes | None]]) -> tuple[tuple[str, bytes | None], ...]:
        """Return the original headers byte for byte, then this dead letter's; an earlier one's are overwritten."""
        kept = tuple((name, value) for name, value in original if not name.startswith(HEADER_PREFIX))
        return kept + self._own_headers()

    def _own_headers(self) -> RawHeaders:
        texts = ((field.name, str(getattr(self, field.name))) for field in fields(self))
        return tuple((header_name(name), text[:_MAX_MESSAGE_CHARS].encode()) for name, text in texts)

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes | None]]) -> DeadLetter | None:
        """Read the history of a dead letter; None when the headers hold no (whole) one."""
        known = tuple(headers)
        texts = {field.name: header_text(known, header_name(field.name)) for field in fields(cls)}
        if any(text is None for text in texts.values()):
            return None
        held = {name: text for name, text in texts.items() if text is not None}
        try:
            return cls(
                error_class=held["error_class"],
                error_message=held["error_message"],
                error_stage=Stage(held["error_stage"]),
                topic=held["topic"],
                partition=int(held["partition"]),
                offset=int(held["offset"]),
                timestamp=held["timestamp"],
                group=held["group"],
                attempts=int(held["attempts"]),
                disposition=Disposition(held["disposition"]),
                first_failed_at=held["first_failed_at"],
                last_failed_at=held["last_failed_at"],
                replay_count=int(held["replay_count"]),
            )
        except ValueError:
            return None


def header_name(field_name: str) -> str:
    return HEADER_PREFIX + field_name.replace("_", "-")


def replay_count(headers: Iterable[tuple[str, bytes | None]]) -> int:
    """Return how often a record was put back on its topic; 0 when it never was, or the header is not a number."""
    text = header_text(headers, header_name("replay_count"))
    return int(text) if text is not None and text.isdecimal() else 0


def format_timestamp_ms(timestamp_ms: int) -> str:
    """Render a Kafka timestamp (milliseconds since the epoch) as RFC 3339."""
    return format_rfc3339(datetime.fromtimestamp(timestamp_ms / 1000).astimezone())
