"""Dead letters: a record that could not be processed, byte for byte, with its history in the headers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import format_rfc3339
from schemas.headers import RawHeaders, header_text

HEADER_PREFIX = "dlq-"
# Fields whose header is written only where it says something.
OPTIONAL_FIELDS = frozenset({"omitted"})
_MAX_MESSAGE_CHARS = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST_TIMESTAMP_MS = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
_LAST_TIMESTAMP_MS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND


class Stage(StrEnum):
    """The stage at which a record failed."""

    DECODE_EVENT = "decode-event"
    FETCH = "fetch"
    DECODE_IMAGE = "decode-image"
    EMBED = "embed"
    SCORE = "score"
    STORE = "store"
    # A record whose stage cannot be known: an error outside every named step.
    PROCESS = "process"


class Disposition(StrEnum):
    """Why the record was given up: it is at fault itself, or an unknown error persisted through all retries."""

    POISON = "poison"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The ``dlq-*`` headers: field ``error_class`` is header ``dlq-error-class``, and so on. All UTF-8 text."""

    # The descriptions are for the generated schema; nothing is validated here.
    error_class: Annotated[str, Field(description="Class of the error of the last attempt")]
    error_message: Annotated[str, Field(description="Message of the error, one sentence")]
    error_stage: Annotated[Stage, Field(description="Stage at which the record failed")]
    topic: Annotated[str, Field(description="Topic of the record")]
    partition: Annotated[int, Field(description="Partition of the record")]
    offset: Annotated[int, Field(description="Offset of the record")]
    timestamp: Annotated[str, Field(description="Timestamp of the record, RFC 3339 in UTC")]
    group: Annotated[str, Field(description="Consumer group that gave up")]
    attempts: Annotated[int, Field(description="Number of attempts")]
    disposition: Annotated[
        Disposition,
        Field(description="poison: the record is at fault; exhausted: an unknown error persisted through all retries"),
    ]
    first_failed_at: Annotated[str, Field(description="Time at which the first attempt failed, RFC 3339 in UTC")]
    last_failed_at: Annotated[str, Field(description="Time at which the last attempt failed, RFC 3339 in UTC")]
    replay_count: Annotated[int, Field(description="Number of times the record was redriven")] = 0
    omitted: Annotated[
        str,
        Field(
            description="What is missing here, if the record was too large for the dead-letter topic; "
            "the whole record is at dlq-topic, dlq-partition and dlq-offset"
        ),
    ] = ""

    def to_headers(self, original: Iterable[tuple[str, bytes | None]]) -> tuple[tuple[str, bytes | None], ...]:
        """Return the original headers byte for byte, then this dead letter's; an earlier one's are overwritten."""
        kept = tuple((name, value) for name, value in original if not name.startswith(HEADER_PREFIX))
        return kept + self._own_headers()

    def _own_headers(self) -> RawHeaders:
        texts = ((field.name, str(getattr(self, field.name))) for field in fields(self))
        return tuple(
            (header_name(name), _utf8(text[:_MAX_MESSAGE_CHARS]))
            for name, text in texts
            if text or name not in OPTIONAL_FIELDS
        )

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes | None]]) -> DeadLetter | None:
        """Read the history of a dead letter; None when the headers hold no (whole) one."""
        pairs = tuple(headers)
        texts = {field.name: header_text(pairs, header_name(field.name)) for field in fields(cls)}
        held = {name: text for name, text in texts.items() if text is not None}
        if texts.keys() - held.keys() - OPTIONAL_FIELDS:
            return None
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
                omitted=held.get("omitted", ""),
            )
        except ValueError:
            return None


def header_name(field_name: str) -> str:
    return HEADER_PREFIX + field_name.replace("_", "-")


def replay_count(headers: Iterable[tuple[str, bytes | None]]) -> int:
    """Return how often a record was put back on its topic; 0 when it never was, or the header is not a number."""
    text = header_text(headers, header_name("replay_count"))
    try:
        return max(0, int(text or "0"))
    except ValueError:
        return 0


def format_timestamp_ms(timestamp_ms: int) -> str:
    """Render a Kafka timestamp (milliseconds since the epoch) as RFC 3339.

    A producer may have written any number: what no date can hold becomes the nearest that one can.
    """
    within = min(max(timestamp_ms, _FIRST_TIMESTAMP_MS), _LAST_TIMESTAMP_MS)
    return format_rfc3339(_EPOCH + timedelta(milliseconds=within))


def _utf8(text: str) -> bytes:
    # A message may quote a file name that is not Unicode; losing its dead letter over that would stop the partition.
    return text.encode(errors="replace")
