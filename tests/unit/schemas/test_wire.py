"""Events survive the wire unchanged, and no bytes make the reader fail in a way that it does not document."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import (
    AssetExtracted,
    AssetTagged,
    Event,
    EventDecodeError,
    MalformedEventError,
    UnknownSchemaVersionError,
    decode_event,
    encode_event,
)
from schemas.documents.examples import extracted_full, extracted_minimal, tagged_full
from schemas.wire import MAX_EVENT_BYTES
from tests.unit.schemas.strategies import events, json_values

KINDS: tuple[type[Event], ...] = (AssetExtracted, AssetTagged)
kinds = st.sampled_from(KINDS)
wholes = st.sampled_from([(AssetExtracted, extracted_full()), (AssetTagged, tagged_full())])


def _paths(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, item in inner for path in [(*above, key), *_paths(item, (*above, key))]]


def _decodes_or_is_malformed(kind: type[Event], value: bytes) -> None:
    with suppress(EventDecodeError):
        decode_event(kind, value)


@given(event=events)
def test_an_event_survives_the_wire(event: Event) -> None:
    """Decoding gives the event that was encoded, and encoding it again the same bytes."""
    value = encode_event(event)

    decoded = decode_event(type(event), value)

    assert decoded == event
    assert encode_event(decoded) == value


@given(event=events)
def test_an_event_is_one_line_of_json_without_nulls(event: Event) -> None:
    """Consoles show one event a line, and readers need not tell null from missing."""
    value = encode_event(event)

    assert b"\n" not in value
    assert all(_at(json.loads(value), path) is not None for path in _paths(json.loads(value)))


@given(kind=kinds, value=st.binary(max_size=400))
def test_bytes_that_are_no_event_are_malformed(kind: type[Event], value: bytes) -> None:
    """Whatever they hold."""
    with pytest.raises(EventDecodeError):
        decode_event(kind, value)


@given(kind=kinds, value=json_values)
def test_json_that_is_no_event_is_malformed(kind: type[Event], value: Any) -> None:
    """NaN and Infinity, which Python writes too, included."""
    with pytest.raises(EventDecodeError):
        decode_event(kind, json.dumps(value).encode())


@given(whole=wholes, data=st.data())
def test_an_event_with_one_value_replaced_decodes_or_is_malformed(
    whole: tuple[type[Event], dict[str, Any]], data: st.DataObject
) -> None:
    """Any JSON value at any place."""
    kind, fields = whole[0], copy.deepcopy(whole[1])
    *way, last = data.draw(st.sampled_from(_paths(fields)))
    _at(fields, tuple(way))[last] = data.draw(json_values)

    _decodes_or_is_malformed(kind, json.dumps(fields).encode())


@given(whole=wholes, data=st.data())
def test_an_event_cut_or_changed_in_one_byte_decodes_or_is_malformed(
    whole: tuple[type[Event], dict[str, Any]], data: st.DataObject
) -> None:
    """A broken writer, or a broken disk."""
    value = bytearray(json.dumps(whole[1]).encode())
    place = data.draw(st.integers(0, len(value) - 1))
    value[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=4))

    _decodes_or_is_malformed(whole[0], bytes(value))


@given(fields=st.dictionaries(st.text(max_size=10).map("x_{}".format), json_values, max_size=4))
def test_unknown_fields_are_ignored(fields: dict[str, Any]) -> None:
    """A newer writer may add what it likes."""
    known = decode_event(AssetExtracted, json.dumps(extracted_full()).encode())

    assert decode_event(AssetExtracted, json.dumps({**fields, **extracted_full()}, allow_nan=True).encode()) == known


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("0001-01-01T00:00:00+05:00", id="before the year 1 in UTC"),
        pytest.param("9999-12-31T23:59:59-05:00", id="after the year 9999 in UTC"),
        pytest.param("2026-01-31T12:00:00", id="without a time zone"),
        pytest.param("2026-02-30T12:00:00Z", id="no such day"),
        pytest.param(1e300, id="a number that no clock shows"),
    ],
)
def test_a_moment_that_is_none_is_malformed(moment: Any) -> None:
    """The field is named."""
    value = json.dumps({**extracted_minimal(), "occurred_at": moment}).encode()

    with pytest.raises(MalformedEventError, match="occurred_at"):
        decode_event(AssetExtracted, value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        pytest.param(b"", "not JSON", id="nothing"),
        pytest.param(b"null", "JSON NoneType", id="the JSON null, which is no tombstone"),
        pytest.param(b"[" * 100_000, "not JSON", id="nested without end"),
        pytest.param(b"\xff\xfe{}", "not JSON", id="not UTF-8"),
        pytest.param(b'{"asset_id": "\\ud800"}', "^asset_id: holds a lone surrogate", id="a lone surrogate"),
        pytest.param(b'{"\\ud800": "\\ud800"}', r"^\?: holds a lone surrogate", id="one in a name"),
        pytest.param(b'{"a": [{"b": "\\uDFFFx"}]}', "^a.0.b: holds a lone surrogate", id="one within"),
        pytest.param(b'{"a": "\\ud83d\\ude00", ', "the value is not JSON", id="a whole character, and no JSON"),
        pytest.param(b'{"a": "\\ud800", "b": ' + b"[" * 50_000, "the value is not JSON", id="one, and no JSON"),
        pytest.param(b'{"n": ' + b"9" * 10_000 + b"}", "not JSON", id="a number of many digits"),
        pytest.param(b" " * (MAX_EVENT_BYTES + 1), "at most 900000", id="too long"),
    ],
)
def test_hostile_bytes_are_malformed(value: bytes, says: str) -> None:
    """The message says what is wrong and echoes nothing of the value."""
    with pytest.raises(MalformedEventError, match=says):
        decode_event(AssetExtracted, value)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        pytest.param("asset_id", "a\0b", "asset_id: holds a NUL character", id="NUL"),
        pytest.param("asset_id", "", "asset_id: string should have at least 1 character", id="nothing"),
        pytest.param("asset_id", "x" * 513, "asset_id: string should have at most 512 characters", id="too long"),
        pytest.param("object.bucket", "\0", "object.bucket: holds a NUL character", id="a bucket"),
        pytest.param("object.key", "\0", "object.key: holds a NUL character", id="a key"),
        pytest.param("object.size", 2**63, "object.size: input should be less than or equal to 9223", id="a size"),
        pytest.param("image.width", 2**31, "image.width: input should be less than or equal to 2147483647", id="width"),
        pytest.param("image.mode", "\0", "image.mode: holds a NUL character", id="a mode"),
        pytest.param("tags.0.tag", "\0", "tags.0.tag: holds a NUL character", id="a tag"),
        pytest.param(
            "tags.0.category", "\N{DRAGON}" * 128, "tags: a tag and its category have more than 512", id="tag bytes"
        ),
        pytest.param("model.id", "\0", "model.id: holds a NUL character", id="a model"),
        pytest.param("taxonomy.version", "\0", "taxonomy.version: holds a NUL character", id="a taxonomy"),
        pytest.param("caused_by.offset", 2**63, "caused_by.offset: input should be less", id="an offset"),
        pytest.param("embedding.data", "AHwAfAB8AHw=", "embedding: embedding.data holds a number that", id="infinity"),
    ],
)
def test_what_no_table_holds_is_malformed_in_a_sentence_with_field_and_limit(path: str, value: Any, says: str) -> None:
    """Whoever reads it first says so, so that nobody later has to; and no value is echoed."""
    fields = copy.deepcopy(tagged_full())
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    _at(fields, tuple(way))[last] = value
    if path.endswith("category"):
        fields["tags"][0]["tag"] = "x"

    with pytest.raises(MalformedEventError) as caught:
        decode_event(AssetTagged, json.dumps(fields).encode())

    assert str(caught.value).startswith(says)
    assert "\0" not in str(caught.value)


@pytest.mark.parametrize("version", ["0.9", "2.0", "10.4"])
def test_another_major_version_is_told_apart(version: str) -> None:
    """Such a record is no writer's fault: an upgraded reader will take it."""
    value = json.dumps({**extracted_minimal(), "schema_version": version}).encode()

    with pytest.raises(UnknownSchemaVersionError, match="upgrade it"):
        decode_event(AssetExtracted, value)


@pytest.mark.parametrize("version", ["1", "1.0.0", "v1.0", "", 1.0, None])
def test_a_version_that_is_none_is_malformed(version: Any) -> None:
    """It is major.minor, as a text."""
    value = json.dumps({**extracted_minimal(), "schema_version": version}).encode()

    with pytest.raises(MalformedEventError, match="schema_version"):
        decode_event(AssetExtracted, value)


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        value = value[part]
    return value
