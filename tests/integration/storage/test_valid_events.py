"""One definition of a valid event: what its first reader takes the tables hold, on the real PostgreSQL."""

from __future__ import annotations

import copy
import json
from typing import Any, get_args

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from consumer.gateway.images import parse_tag_request
from consumer.gateway.refusals import RefusedError
from consumer.services.storing.tagged_rows import tagged_row
from consumer.storage.tables.tags import TagStore
from schemas import AssetTagged, EventDecodeError, decode_event
from schemas.documents.examples import tagged_full
from schemas.http import TagRequest

# What breaks a store: characters, lengths, numbers and dates at and beyond their limits.
_TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["", "\0", "a\0b", "\ud800", "x\udfff", "\ufeff", "\u2028", "'; DROP TABLE assets; --", "\\u0000"]),
    st.builds(
        lambda text, times: (text * times)[:times],
        st.text(min_size=1, max_size=3),
        st.sampled_from([32, 64, 128, 129, 255, 256, 512, 513, 1024, 4096, 5000]),
    ),
    st.lists(st.characters(min_codepoint=0x10000), min_size=500, max_size=513).map("".join),
)
_NUMBERS = st.one_of(
    st.integers(-2, 2),
    st.sampled_from([2**15, 2**31 - 1, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63)]),
    st.floats(),
    st.sampled_from([1e-320, 5e-46, 0.9999999999999999, 1e300]),
)
_DATES = st.sampled_from(
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00Z", "+12026-01-01T00:00:00Z",
     "2016-12-31T23:59:60Z", "1969-12-31T23:59:59.999-12:00", "294277-01-01T00:00:00Z"]
)  # fmt: skip
_VALUES = _TEXTS | _NUMBERS | _DATES | st.none() | st.booleans()
_SLOW = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def _leaves(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    return [above] if inner is None else [path for key, item in inner for path in _leaves(item, (*above, key))]


_WHOLE = tagged_full()
_EMPTY = "TRUNCATE assets, asset_tags, removed_assets"
_CHANGES = st.lists(st.tuples(st.sampled_from(_leaves(_WHOLE)), _VALUES), min_size=1, max_size=3)


@_SLOW
@given(changes=_CHANGES)
async def test_what_a_reader_takes_the_tables_hold(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record], changes: list[tuple[tuple[Any, ...], Any]]
) -> None:
    """Any values at any places: a refusal in one sentence that names a field of the event, or a row."""
    await session.execute(_EMPTY)
    fields = copy.deepcopy(_WHOLE)
    for (*way, last), value in changes:
        place = fields
        for part in way:
            place = place[part]
        place[last] = value

    event = _read(fields)
    if isinstance(event, EventDecodeError):
        reason = str(event)
        named = reason.partition(":")[0].partition(".")[0]
        assert named in {"the value is not JSON", *_names(AssetTagged)} or "upgrade it" in reason
        return
    await store.write_batch([tagged_row(event)])

    row = await session.fetchrow("SELECT * FROM assets")
    assert row is not None
    assert (row["asset_id"], row["extracted_at"]) == (event.asset_id, event.extracted_at)
    assert await session.fetchval("SELECT count(*) FROM asset_tags") == len({(t.category, t.tag) for t in event.tags})


@_SLOW
@given(asset_id=_VALUES)
async def test_what_the_gateway_takes_the_tables_hold(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record], asset_id: Any
) -> None:
    """Its requests know the same asset_id as the events that come of them."""
    await session.execute(_EMPTY)
    request = _asked({"asset_id": asset_id, "image_data": "aGk="})
    if isinstance(request, RefusedError):
        assert request.status == 422
        assert "asset_id: " in request.sentence or "not JSON" in request.sentence
        return
    if request.asset_id is None:
        return
    event = _read({**_WHOLE, "asset_id": request.asset_id})
    assert isinstance(event, AssetTagged)
    await store.write_batch([tagged_row(event)])

    assert await session.fetchval("SELECT asset_id FROM assets") == request.asset_id


def _read(fields: dict[str, Any]) -> AssetTagged | EventDecodeError:
    try:
        return decode_event(AssetTagged, json.dumps(fields).encode())
    except EventDecodeError as error:
        return error


def _asked(fields: dict[str, Any]) -> TagRequest | RefusedError:
    try:
        return parse_tag_request(json.dumps(fields).encode())[0]
    except RefusedError as refusal:
        return refusal


def _names(model: type[BaseModel]) -> set[str]:
    """Return the names of a model's fields, those of its parts included."""
    names = set(model.model_fields)
    for field in model.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                names |= _names(kind)
    return names
