"""Dead letters for the tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from producer_tools.dead_letters.letters import Letter
from schemas.documents.examples import dead_letter

FAILED_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def letter(
    offset: int = 0,
    *,
    partition: int = 0,
    key: bytes | None = b"asset",
    failed_at: datetime = FAILED_AT,
    **history: Any,
) -> Letter:
    headers = replace(dead_letter(), **history).to_headers((("traceparent", b"00-trace"), ("none", None)))

    class Record:
        """As a consumer gives it."""

    record: Any = Record()
    record.partition, record.offset, record.key, record.value = 0, offset, b"asset", b"value"
    record.timestamp, record.headers = int(failed_at.timestamp() * 1000), headers
    return Letter.of(record)


def without_history(offset: int = 0) -> Letter:
    return replace(letter(offset), headers=(("a", b"b"),), history=None)
