"""Reading an event without its model gives the model's row, or leaves it to the model."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.services.storing.structs import struct_of
from consumer.services.storing.tagged_rows import read_row, tagged_row
from consumer.storage.tables.rows import TaggedRow
from schemas import AssetExtracted, AssetTagged, EventDecodeError, decode_event, encode_event
from schemas.base import WireModel
from schemas.documents.examples import tagged_full
from tests.unit.schemas.strategies import tagged_events

_JSON_FIELDS = ("source", "findings")
# Of every kind that a field may be given, valid at one place and wrong at another.
_VALUES = st.sampled_from(
    [
        None, True, 0, 1, -1, 1.0, 0.5, 2**31, 2**63, 10**30, "", "x", "1", "1.0", "x\n", "sha256:" + "a" * 64,
        "sha256:" + "a" * 64 + "\n", "A" * 5000, "ö" * 300, "\0", "\ud800", [], {}, [1], ["x"], {"x": 0.5},
        "2026-01-31T12:00:00.000Z", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456Z", "2026-01-31T24:00:00.000Z",
        "2026-W05-6T12:00:00.000Z", "2026-02-30T12:00:00.000Z", "2026-01-31T12:00:00.000+01:00", 1_769_860_800,
        "12345678-1234-5678-1234-567812345678", "{12345678-1234-5678-1234-567812345678}", "2.0", "1.٣",
    ]
)  # fmt: skip


def _comparable(row: TaggedRow) -> dict[str, Any]:
    values = msgspec.structs.asdict(row)
    texts = {name: None if values[name] is None else json.loads(values[name]) for name in _JSON_FIELDS}
    return {**values, **texts, "embedding": values["embedding"].tobytes()}


def _by_the_model(value: bytes) -> dict[str, Any] | str:
    try:
        return _comparable(tagged_row(decode_event(AssetTagged, value)))
    except EventDecodeError as error:
        return str(error)


def _read(value: bytes) -> dict[str, Any] | str:
    try:
        return _comparable(read_row(value))
    except EventDecodeError as error:
        return str(error)


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the model was asked")

    monkeypatch.setattr("consumer.services.storing.tagged_rows.decode_event", refuse)


@pytest.mark.usefixtures("no_model")
def test_what_the_tagger_writes_needs_no_model() -> None:
    """Else the sink would be slow, and nobody would notice."""
    assert read_row(json.dumps(tagged_full()).encode()).asset_id == tagged_full()["asset_id"]


@given(tagged_events)
def test_every_event_gives_the_row_of_its_model(event: AssetTagged) -> None:
    value = encode_event(event)
    assert _read(value) == _by_the_model(value)


@given(st.data())
def test_whatever_a_field_holds_the_model_has_the_last_word(data: st.DataObject) -> None:
    """The same row, or the same error, for an event any field of which holds anything, or is missing."""
    event = tagged_full()
    for _ in range(data.draw(st.integers(1, 2))):
        place, name = data.draw(st.sampled_from(_places(event)))
        if data.draw(st.booleans()):
            place[name] = data.draw(_VALUES)
        elif isinstance(place, dict):
            del place[name]
    value = json.dumps(event).encode()
    assert _read(value) == _by_the_model(value)


@given(st.data())
def test_whatever_the_bytes_are_the_model_has_the_last_word(data: st.DataObject) -> None:
    """Bytes cut out or put in: most is no JSON any more."""
    value = json.dumps(tagged_full()).encode()
    at = data.draw(st.integers(0, len(value)))
    value = value[:at] + data.draw(st.binary(max_size=3)) + value[data.draw(st.integers(at, min(at + 3, len(value)))) :]
    assert _read(value) == _by_the_model(value)


@pytest.mark.parametrize(
    "numbers",
    [
        base64.b64encode(np.array([1, np.inf], "<f2").tobytes()).decode(),
        base64.b64encode(np.array([1], "<f2").tobytes()).decode(),
        "AAAA",
        "AAAAAA",
        "AAAAAAA",
        "AA AAAA=",
        "AAAAAA==\n",
        "AAAAAAAAAA==",
    ],
)
def test_an_embedding_is_checked_as_the_model_checks_it(numbers: str) -> None:
    event = tagged_full()
    event["embedding"] = {"dim": 2, "dtype": "float16", "data": numbers}
    value = json.dumps(event).encode()
    assert _read(value) == _by_the_model(value)


def test_tags_that_are_not_sorted_are_refused_in_the_model_s_words() -> None:
    event = tagged_full()
    event["tags"].reverse()
    with pytest.raises(EventDecodeError, match="not sorted by confidence"):
        read_row(json.dumps(event).encode())


@pytest.mark.parametrize("model", [AssetTagged, AssetExtracted])
def test_a_struct_has_the_fields_of_its_model(model: type[WireModel]) -> None:
    """In their order, which the JSON has too."""
    assert struct_of(model).__struct_fields__ == tuple(model.model_fields)


def test_a_field_that_no_struct_can_read_is_named() -> None:
    class Strange(WireModel):
        bytes_of_it: bytes

    with pytest.raises(TypeError, match="bytes"):
        struct_of(Strange)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every field of the event and of what is in it: what holds it, and its name or index."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    return [place for name, item in items for place in [(value, name), *_places(item)]]
