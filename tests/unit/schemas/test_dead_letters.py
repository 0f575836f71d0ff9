"""A dead letter keeps its record's headers, and tells its history in headers that any tool can show."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import DeadLetter
from schemas.dead_letters import OPTIONAL_FIELDS, format_timestamp_ms, header_name, replay_count
from schemas.documents.examples import dead_letter
from tests.unit.schemas.strategies import dead_letters, raw_headers

Headers = tuple[tuple[str, bytes | None], ...]
NAMES = [header_name(field.name) for field in fields(DeadLetter) if field.name not in OPTIONAL_FIELDS]


@given(letter=dead_letters, original=raw_headers)
def test_a_dead_letter_survives_its_headers(letter: DeadLetter, original: Headers) -> None:
    """And so do the record's own headers, byte for byte and in order."""
    headers = letter.to_headers(original)

    assert DeadLetter.from_headers(headers) == letter
    assert headers[: len(original)] == original
    assert replay_count(headers) == letter.replay_count


@given(first=dead_letters, second=dead_letters, original=raw_headers)
def test_a_second_failure_overwrites_the_first(first: DeadLetter, second: DeadLetter, original: Headers) -> None:
    """Headers do not grow with each failure."""
    headers = second.to_headers(first.to_headers(original))

    assert headers == second.to_headers(original)


@given(headers=raw_headers, names=st.sets(st.sampled_from(NAMES)), value=st.none() | st.binary(max_size=20))
def test_reading_a_history_never_fails(headers: Headers, names: set[str], value: bytes | None) -> None:
    """Anyone may write such headers."""
    spoilt = (*dead_letter().to_headers(headers), *((name, value) for name in names))

    DeadLetter.from_headers(spoilt)
    assert replay_count(spoilt) >= 0


@pytest.mark.parametrize("name", NAMES)
def test_a_history_without_one_of_its_headers_is_none(name: str) -> None:
    """Half a history would mislead."""
    headers = tuple(header for header in dead_letter().to_headers(()) if header[0] != name)

    assert DeadLetter.from_headers(headers) is None


@pytest.mark.parametrize(
    "name", ["dlq-error-stage", "dlq-partition", "dlq-offset", "dlq-attempts", "dlq-disposition", "dlq-replay-count"]
)
def test_a_history_with_a_value_that_nobody_writes_is_none(name: str) -> None:
    """As one of a newer version might be."""
    headers = (*dead_letter().to_headers(()), (name, b"x"))

    assert DeadLetter.from_headers(headers) is None


def test_a_message_of_any_text_can_be_told() -> None:
    """A path that is not Unicode is told with a substitute, and an endless message is cut."""
    letter = replace(dead_letter(), error_message="caf\udce9 " + "x" * 10_000)

    held = DeadLetter.from_headers(letter.to_headers(()))

    assert held is not None
    assert held.error_message.startswith("caf? xxx")
    assert len(held.error_message) == 2000


@pytest.mark.parametrize("value", [b"9" * 5000, b"-1", b"three", b"", None, "٣".encode()])
def test_a_replay_count_that_nobody_writes_is_a_number_nevertheless(value: bytes | None) -> None:
    """It only ever grows by one at a replay."""
    assert replay_count(((header_name("replay_count"), value),)) in {0, 3}


@given(timestamp_ms=st.integers(-(2**63), 2**63 - 1))
def test_any_timestamp_of_a_record_can_be_told(timestamp_ms: int) -> None:
    """Producers write what they like."""
    assert datetime.fromisoformat(format_timestamp_ms(timestamp_ms)).tzinfo is not None


def test_a_timestamp_keeps_its_milliseconds() -> None:
    """In UTC, wherever this process runs."""
    assert format_timestamp_ms(1_767_225_600_123) == "2026-01-01T00:00:00.123Z"
