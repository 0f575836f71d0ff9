"""The records of a run, and what they must leave behind."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import AssetExtracted, ObjectRef, decode_event
from tests.chaos.load import Load, make_load
from tests.chaos.poison import KINDS, Poison, bad_objects
from tests.chaos.scenario import FULL, SHORT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OBJECTS = [ObjectRef(bucket="chaos", key=f"sha256/{number}.png", size=number) for number in range(5)]
POISON = Poison("chaos", {kind: ObjectRef(bucket="chaos", key=kind) for kind in bad_objects(10)})


def _load(seed: int = 0, events: int = 800) -> Load:
    return make_load(replace(SHORT, events=events), OBJECTS, POISON, seed)


@settings(max_examples=20)
@given(seed=st.integers())
def test_it_has_its_share_of_each_kind_of_poison(seed: int) -> None:
    load = _load(seed)

    assert len(load.records) == 800
    assert Counter(record.poison for record in load.records if record.poison) == dict.fromkeys(KINDS, 8)


@settings(max_examples=20)
@given(seed=st.integers())
def test_what_must_be_there_follows_from_the_good_records_alone(seed: int) -> None:
    """Of an asset the event that occurred last, as far as clocks can be believed, unless it was removed after that."""
    load = _load(seed)
    newest: dict[str, tuple[datetime, AssetExtracted]] = {}
    for record in load.records:
        if record.poison is not None:
            continue
        if record.value is None:
            del newest[record.key.decode()]
            continue
        event = decode_event(AssetExtracted, record.value)
        assert record.key == event.asset_id.encode()
        occurred_at = min(event.occurred_at, EPOCH + timedelta(milliseconds=record.timestamp_ms))
        if event.asset_id not in newest or newest[event.asset_id][0] < occurred_at:
            newest[event.asset_id] = occurred_at, event

    assert load.expected == {asset_id: event for asset_id, (_, event) in newest.items()}
    assert not set(load.removed) & newest.keys()


def test_the_full_load_has_every_difficulty() -> None:
    """Assets extracted again, events twice, late and ahead of time, removals, and removed assets that come back."""
    load = make_load(FULL, OBJECTS, POISON, 1)
    good = [record for record in load.records if record.poison is None]
    events = [decode_event(AssetExtracted, record.value) for record in good if record.value is not None]
    ids = Counter(event.event_id for event in events)
    removed = [record.key.decode() for record in good if record.value is None]

    assert sum(times - 1 for times in ids.values()) > 100
    assert len({event.asset_id for event in events}) < len(ids) - 500
    assert len(removed) > 200
    assert any(asset_id in load.expected for asset_id in removed)
    ahead = {event.asset_id for event in events if event.occurred_at.year > 2026}
    assert any(load.expected[asset_id].occurred_at.year == 2026 for asset_id in ahead & load.expected.keys())


def test_a_removal_is_newer_than_what_it_removes_and_older_than_what_comes_back() -> None:
    """By the clocks that the sink compares, for which the order of arrival means nothing."""
    load = make_load(FULL, OBJECTS, POISON, 2)
    good = [record for record in load.records if not record.poison]
    removed_at = {record.key: record.timestamp_ms for record in good if record.value is None}
    back = {
        event.asset_id
        for record in good
        if record.value is not None and record.key in removed_at
        for event in [decode_event(AssetExtracted, record.value)]
        if round(event.occurred_at.timestamp() * 1000) > removed_at[record.key]
    }

    assert back == {key.decode() for key in removed_at} & load.expected.keys()


def test_each_kind_of_poison_is_another_record() -> None:
    event = decode_event(AssetExtracted, next(record.value for record in _load().records if record.value) or b"")

    made = [POISON.record(kind, event) for kind in KINDS]

    assert len(set(made)) == len(KINDS)
