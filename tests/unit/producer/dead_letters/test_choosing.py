"""Which letters are meant, and what becomes of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer_tools.dead_letters.letters import Letter
from producer_tools.dead_letters.offsets import PartitionOffset, Span, parse_span
from producer_tools.dead_letters.plan import Candidate, Fate, Sightings, fate_of, make_plan
from producer_tools.dead_letters.selection import LetterFilter
from producer_tools.dead_letters.time_argument import parse_moment
from schemas import Stage
from tests.unit.producer.dead_letters.making import FAILED_AT, letter, without_history

NOW = datetime(2026, 2, 1, tzinfo=UTC)
TOPIC = "asset-extracted"


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        (LetterFilter(), True),
        (LetterFilter(error_classes=frozenset({"ImageRejectedError", "Other"})), True),
        (LetterFilter(error_classes=frozenset({"Other"})), False),
        (LetterFilter(stages=frozenset({"decode-image"})), True),
        (LetterFilter(stages=frozenset({"fetch"})), False),
        (LetterFilter(spans=(Span(1, 0, 9), Span(0, 3, 5))), True),
        (LetterFilter(spans=(Span(0, 0, 3), Span(0, 5, 9))), False),
        (LetterFilter(asset_ids=frozenset({"asset"})), True),
        (LetterFilter(asset_ids=frozenset({"other"})), False),
        (LetterFilter(since=FAILED_AT), True),
        (LetterFilter(since=FAILED_AT + timedelta(seconds=1)), False),
        (LetterFilter(until=FAILED_AT), False),
        (LetterFilter(until=FAILED_AT + timedelta(seconds=1)), True),
        (LetterFilter(asset_ids=frozenset({"asset"}), stages=frozenset({"fetch"})), False),
    ],
)
def test_all_conditions_must_hold(selection: LetterFilter, chosen: bool) -> None:
    assert (letter(4) in selection) is chosen
    assert selection.is_everything == (selection == LetterFilter())


def test_a_letter_without_history_can_be_selected_and_told() -> None:
    found = without_history(4)

    assert found in LetterFilter(error_classes=frozenset({"unknown"}), stages=frozenset({"unknown"}))
    assert (found.replay_count, found.original_timestamp_ms()) == (0, None)


@pytest.mark.parametrize(
    ("text", "span"), [("3:41", Span(3, 41, 41)), ("0:0-7", Span(0, 0, 7)), (" 3:5 ", Span(3, 5, 5))]
)
def test_places_are_written_as_ls_shows_them(text: str, span: Span) -> None:
    assert parse_span(text) == span
    assert parse_span(str(PartitionOffset(span.partition, span.first))).first == span.first


@pytest.mark.parametrize(
    "text", ["", "3", "3:", ":4", "a:b", "3:4-", "3:5-4", "-1:4", "3:4:5", "3:99999999999999999999"]
)
def test_anything_else_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no place|ends before"):
        parse_span(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("3 d", NOW - timedelta(days=3)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOW) == moment


@given(text=st.text(max_size=12))
def test_any_text_is_a_moment_or_told_to_be_none(text: str) -> None:
    told = False
    try:
        moment = parse_moment(text, NOW)
    except ValueError as error:
        told = "is no moment" in str(error)

    assert told or moment.tzinfo is not None


@pytest.mark.parametrize("text", ["999999999d", "tomorrow", "2026-13-01", "h"])
def test_no_moments(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no moment: write e\.g\. 2h"):
        parse_moment(text, NOW)


@pytest.mark.parametrize(
    ("found", "fate"),
    [
        (letter(), Fate.PUT_BACK),
        (letter(replay_count=2), Fate.PUT_BACK),
        (letter(replay_count=3), Fate.TOO_OFTEN),
        (letter(omitted="the value"), Fate.NOT_WHOLE),
        (letter(topic="another-topic"), Fate.NO_HISTORY),
        (without_history(), Fate.NO_HISTORY),
    ],
)
def test_what_becomes_of_a_letter_by_itself(found: Letter, fate: Fate) -> None:
    assert fate_of(found, LetterFilter(), source_topic=TOPIC, max_replays=3) is fate


def test_what_is_not_meant_stays_without_a_further_look() -> None:
    nothing = LetterFilter(asset_ids=frozenset({"other"}))

    assert fate_of(without_history(), nothing, source_topic=TOPIC, max_replays=3) is Fate.NOT_MEANT


def test_a_plan_keeps_candidates_in_order_and_counts_the_rest() -> None:
    letters = [letter(1), letter(2, replay_count=9), letter(3), without_history(4)]

    plan = make_plan(letters, LetterFilter(), source_topic=TOPIC, max_replays=3)

    assert [candidate.place.offset for candidate in plan.candidates] == [1, 3]
    assert plan.candidates[0] == Candidate(PartitionOffset(0, 1), 3, 41, b"asset")
    assert plan.staying == {Fate.TOO_OFTEN: 1, Fate.NO_HISTORY: 1}


def _sightings(*records: tuple[int, bytes | None], start: int = 0, end: int = 100) -> Sightings:
    """Partition 3 was read from ``start`` to ``end``, and held these offsets and keys."""
    sightings = Sightings(ranges={3: (start, end)})
    for offset, key in records:
        sightings.note(3, offset, key)
    return sightings


CANDIDATE = Candidate(PartitionOffset(0, 1), 3, 41, b"asset")


@pytest.mark.parametrize(
    ("sightings", "fate"),
    [
        (_sightings((41, b"asset")), Fate.PUT_BACK),
        (_sightings((41, b"asset"), (50, b"other")), Fate.PUT_BACK),
        (_sightings((41, b"asset"), (50, b"asset")), Fate.SUPERSEDED),
        (_sightings((50, b"asset")), Fate.SUPERSEDED),
        (_sightings((50, b"other")), Fate.GONE),
        # its record is older than the topic reaches back, by retention: nobody knows better
        (_sightings((50, b"other"), start=45), Fate.PUT_BACK),
        # the topic was made anew and does not reach so far yet
        (_sightings((5, b"other"), end=10), Fate.PUT_BACK),
        (Sightings(), Fate.PUT_BACK),
    ],
)
def test_what_becomes_of_a_candidate_by_what_lies_behind_it(sightings: Sightings, fate: Fate) -> None:
    assert sightings.fate_of(CANDIDATE) is fate


def test_a_record_without_a_key_has_no_successor() -> None:
    candidate = Candidate(PartitionOffset(0, 1), 3, 41, None)

    assert _sightings((41, None), (50, None)).fate_of(candidate) is Fate.PUT_BACK


def test_a_letter_gives_back_what_its_record_had_and_counts() -> None:
    """Its own headers go, but for the number of times that it was put back."""
    found = letter(replay_count=1, timestamp="2026-01-31T11:00:00.250Z")

    assert found.original_headers() == (("traceparent", b"00-trace"), ("none", None), ("dlq-replay-count", b"2"))
    assert found.original_timestamp_ms() == 1769857200250


@pytest.mark.parametrize("timestamp", ["", "yesterday", "2026-01-31T11:00:00"])
def test_a_time_that_nobody_writes_is_none(timestamp: str) -> None:
    assert letter(timestamp=timestamp).original_timestamp_ms() is None


def test_a_record_from_before_all_clocks_has_the_first_of_times() -> None:
    """Kafka takes no negative one."""
    assert letter(timestamp="1901-01-01T00:00:00.000Z").original_timestamp_ms() == 0
    assert Stage(letter().stage) is Stage.DECODE_IMAGE
