"""No change of an event may break an old reader or an old writer; and the comparison that says so sees every kind."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.base import MAX_BIGINT, MAX_INTEGER, NO_NUL
from schemas.documents.generate import generated_files
from tests.unit.schemas.compatibility import READERS, WRITERS, find_breaks

RELEASED = Path(__file__).parents[2] / "golden" / "v1" / "schema"
NAMES = (
    "asset-extracted.v1.json",
    "asset-tagged.v1.json",
    "asset-reviewed.v1.json",
    "asset-related.v1.json",
    "dead-letter-headers.v1.json",
)
JsonObject = dict[str, Any]

# Limits that were there from the start, but stated by the last reader alone, as a dead letter.
_NEVER_STORED = {
    f"pattern changed from none to {json.dumps(NO_NUL)}",
    f"maximum changed from none to {MAX_INTEGER}",
    f"maximum changed from none to {MAX_BIGINT}",
}

BASE: JsonObject = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[a-z]+$"},
        "moment": {"type": "string", "format": "date-time"},
        "size": {"type": ["integer", "null"], "minimum": 0},
        "share": {"type": "number", "minimum": 0, "maximum": 1, "default": 1},
        "kind": {"type": "string", "enum": ["sprite", "texture"]},
        "dtype": {"type": "string", "const": "float16"},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/Tag"}},
        "hints": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 64},
        "source": {"anyOf": [{"$ref": "#/$defs/Source"}, {"type": "null"}]},
        "closed": {"type": "object", "properties": {}, "additionalProperties": False},
    },
    "required": ["name", "tags"],
    "additionalProperties": True,
    "$defs": {
        "Tag": {"type": "object", "properties": {"tag": {"type": "string"}}, "required": ["tag"]},
        "Source": {"type": "object", "properties": {"archive": {"type": "string"}}},
    },
}
Change = Callable[[JsonObject], object]


def _changed(change: Change) -> list[str]:
    current = copy.deepcopy(BASE)
    change(current)
    return [str(found) for found in find_breaks(BASE, current)]


@pytest.mark.parametrize("name", NAMES)
def test_no_released_event_is_broken(name: str) -> None:
    """What is released stays: make the field optional and new, or begin a new major version with a type of its own."""
    released = json.loads((RELEASED / name).read_text())
    current = json.loads(generated_files()[f"schemas/json/{name}"])

    assert [str(found) for found in find_breaks(released, current) if found.what not in _NEVER_STORED] == []


def test_every_released_schema_is_compared() -> None:
    """A schema that is renamed or dropped is noticed."""
    assert sorted(path.name for path in RELEASED.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            lambda s: s["properties"].pop("name"),
            f"event.name breaks {READERS}: the required field was removed; they may use it",
            id="required field removed",
        ),
        pytest.param(
            lambda s: s["properties"].pop("size"),
            f"event.size breaks {READERS}: the optional field was removed; they may use it",
            id="optional field removed",
        ),
        pytest.param(
            lambda s: s["required"].remove("name"),
            f"event.name breaks {READERS}: the field is no longer required; they rely on it",
            id="required field optional",
        ),
        pytest.param(
            lambda s: s["required"].append("size"),
            f"event.size breaks {WRITERS}: the field became required; they may leave it out",
            id="optional field required",
        ),
        pytest.param(
            lambda s: (s["properties"].update(new={"type": "string"}), s["required"].append("new")),
            f"event.new breaks {WRITERS}: a new field is required; make it optional",
            id="new required field",
        ),
        pytest.param(
            lambda s: s["properties"]["size"].update(type="integer"),
            f"event.size breaks {WRITERS}: the value may no longer be null; it must be integer",
            id="type narrowed",
        ),
        pytest.param(
            lambda s: s["properties"]["moment"].update(type=["string", "null"]),
            f"event.moment breaks {READERS}: the value may now be null; they expect string",
            id="type widened",
        ),
        pytest.param(
            lambda s: s["properties"]["size"].update(type=["number", "null"]),
            f"event.size breaks {READERS}: the value may now be number; they expect integer, null",
            id="integer to number",
        ),
        pytest.param(
            lambda s: s["properties"]["share"].update(type="integer"),
            f"event.share breaks {WRITERS}: the value may no longer be number; it must be integer",
            id="number to integer",
        ),
        pytest.param(
            lambda s: s["properties"]["moment"].pop("type"),
            f"event.moment breaks {READERS}: the value may now be anything; they expect string",
            id="type dropped",
        ),
        pytest.param(
            lambda s: s["properties"]["kind"]["enum"].remove("sprite"),
            f'event.kind breaks {WRITERS}: "sprite" was removed from the allowed values',
            id="enum value removed",
        ),
        pytest.param(
            lambda s: s["properties"]["kind"]["enum"].append("font"),
            f'event.kind breaks {READERS}: "font" was added to the allowed values',
            id="enum value added",
        ),
        pytest.param(
            lambda s: s["properties"]["kind"].pop("enum"),
            f'event.kind breaks {READERS}: other values than "sprite", "texture" may come',
            id="enum dropped",
        ),
        pytest.param(
            lambda s: s["properties"]["moment"].update(enum=["now"]),
            f'event.moment breaks {WRITERS}: only "now" may be written now',
            id="enum introduced",
        ),
        pytest.param(
            lambda s: s["properties"]["name"].update(maxLength=32),
            f"event.name breaks {WRITERS}: maxLength changed from 64 to 32",
            id="upper bound lowered",
        ),
        pytest.param(
            lambda s: s["properties"]["name"].update(maxLength=128),
            f"event.name breaks {READERS}: maxLength changed from 64 to 128",
            id="upper bound raised",
        ),
        pytest.param(
            lambda s: s["properties"]["hints"].pop("maxProperties"),
            f"event.hints breaks {READERS}: maxProperties changed from 64 to none",
            id="upper bound dropped",
        ),
        pytest.param(
            lambda s: s["properties"]["name"].update(minLength=2),
            f"event.name breaks {WRITERS}: minLength changed from 1 to 2",
            id="lower bound raised",
        ),
        pytest.param(
            lambda s: s["properties"]["size"].update(minimum=-1),
            f"event.size breaks {READERS}: minimum changed from 0 to -1",
            id="lower bound lowered",
        ),
        pytest.param(
            lambda s: s["properties"]["tags"].update(minItems=1),
            f"event.tags breaks {WRITERS}: minItems changed from none to 1",
            id="lower bound introduced",
        ),
        pytest.param(
            lambda s: s["properties"]["name"].update(pattern="^[a-z0-9]+$"),
            f'event.name breaks {READERS} or {WRITERS}: pattern changed from "^[a-z]+$" to "^[a-z0-9]+$"',
            id="pattern changed",
        ),
        pytest.param(
            lambda s: s["properties"]["moment"].pop("format"),
            f'event.moment breaks {READERS} or {WRITERS}: format changed from "date-time" to none',
            id="format dropped",
        ),
        pytest.param(
            lambda s: s["properties"]["share"].update(default=0),
            f"event.share breaks {READERS} or {WRITERS}: default changed from 1 to 0",
            id="meaning of a missing field changed",
        ),
        pytest.param(
            lambda s: s["$defs"]["Tag"]["properties"]["tag"].update(type="integer"),
            f"event.tags[].tag breaks {READERS}: the value may now be integer; they expect string",
            id="inside the items, behind a reference",
        ),
        pytest.param(
            lambda s: s["$defs"]["Source"].update(required=["archive"]),
            f"event.source.archive breaks {WRITERS}: the field became required; they may leave it out",
            id="inside an optional object",
        ),
        pytest.param(
            lambda s: s["properties"].update(source={"$ref": "#/$defs/Source"}),
            f"event.source breaks {WRITERS}: the value may no longer be null; it must be object",
            id="optional object no longer null",
        ),
        pytest.param(
            lambda s: s["properties"]["hints"].update(additionalProperties={"type": "integer"}),
            f"event.hints.* breaks {READERS}: the value may now be integer; they expect string",
            id="values of a map",
        ),
        pytest.param(
            lambda s: s["properties"]["hints"].update(additionalProperties=True),
            f"event.hints.* breaks {READERS}: may hold more than before",
            id="map opened",
        ),
        pytest.param(
            lambda s: s.update(additionalProperties=False),
            f"event.* breaks {WRITERS}: takes less than before",
            id="unknown fields refused",
        ),
        pytest.param(
            lambda s: s["properties"]["closed"]["properties"].update(new={"type": "string"}),
            f"event.closed.new breaks {READERS}: a new field, where they refuse those that they do not know",
            id="new field in a closed object",
        ),
    ],
)
def test_each_kind_of_break_is_caught(change: Change, expected: str) -> None:
    """The message says where, whom and what."""
    assert expected in _changed(change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _: None, id="nothing"),
        pytest.param(lambda s: s["properties"].update(new={"type": "string"}), id="new optional field"),
        pytest.param(lambda s: s["$defs"]["Tag"]["properties"].update(box={"type": "array"}), id="new inner field"),
        pytest.param(lambda s: s["properties"]["name"].update(description="Better words"), id="other words"),
        pytest.param(
            lambda s: s["properties"]["dtype"].update(enum=[s["properties"]["dtype"].pop("const")]), id="const"
        ),
        pytest.param(lambda s: s["properties"]["tags"].update(items=s["$defs"].pop("Tag")), id="reference inlined"),
    ],
)
def test_what_breaks_nobody_passes(change: Change) -> None:
    """New optional fields, other words, and other ways of saying the same."""
    assert _changed(change) == []
