"""The contracts for other languages: current, valid, whole, and told by examples that hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from jsonschema import Draft202012Validator

from schemas import (
    AssetExtracted,
    AssetRelated,
    AssetReviewed,
    AssetTagged,
    DeadLetter,
    Event,
    Topics,
    decode_event,
    encode_event,
    event_headers,
)
from schemas.dead_letters import HEADER_PREFIX
from schemas.documents.generate import generated_files
from tests.unit.schemas.strategies import dead_letters, extracted_events, related_events, reviewed_events, tagged_events

ROOT = Path(__file__).parents[3]
FILES = generated_files()
SCHEMAS = {Path(name).name: json.loads(text) for name, text in FILES.items() if name.endswith(".json")}
DOCUMENT = yaml.safe_load(FILES["schemas/asyncapi.yaml"])
EXTRACTED = Draft202012Validator(SCHEMAS["asset-extracted.v1.json"])
TAGGED = Draft202012Validator(SCHEMAS["asset-tagged.v1.json"])
REVIEWED = Draft202012Validator(SCHEMAS["asset-reviewed.v1.json"])
RELATED = Draft202012Validator(SCHEMAS["asset-related.v1.json"])
DEAD_LETTER = Draft202012Validator(SCHEMAS["dead-letter-headers.v1.json"])


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every JSON object inside."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner)


@pytest.mark.parametrize("name", FILES)
def test_the_generated_files_are_current(name: str) -> None:
    """`make docs` writes them."""
    assert (ROOT / name).read_text(encoding="utf-8") == FILES[name], f"{name} is stale: run: make docs"


def test_nothing_stale_lies_beside_them() -> None:
    """A schema that is no longer generated would be believed for ever."""
    assert sorted(path.name for path in (ROOT / "schemas" / "json").iterdir()) == sorted(SCHEMAS)


def test_generating_twice_gives_the_same() -> None:
    """Else every run of `make docs` would be a change."""
    assert generated_files() == FILES


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_and_says_what_it_is(name: str) -> None:
    """Draft 2020-12, with an id, a title, words for every field, and open to fields of newer writers."""
    schema = SCHEMAS[name]

    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:aegis:schema:{name.removesuffix('.v1.json')}:v1"
    assert schema["title"]
    for part in (schema, *schema.get("$defs", {}).values()):
        assert part["description"]
        assert "enum" in part or part["additionalProperties"] is True
        for field, described in part.get("properties", {}).items():
            assert "description" in described or "$ref" in described, f"{field} has no description"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_examples_of_a_schema_hold(name: str) -> None:
    """By the schema itself, its formats included."""
    validator = Draft202012Validator(SCHEMAS[name], format_checker=Draft202012Validator.FORMAT_CHECKER)

    for example in SCHEMAS[name]["examples"]:
        validator.validate(example)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("asset-extracted", AssetExtracted),
        ("asset-tagged", AssetTagged),
        ("asset-reviewed", AssetReviewed),
        ("asset-related", AssetRelated),
    ],
)
def test_the_examples_of_a_schema_decode(name: str, kind: type[Event]) -> None:
    """By the reader of the product."""
    for example in SCHEMAS[f"{name}.v1.json"]["examples"]:
        assert decode_event(kind, json.dumps(example).encode()).asset_id == example["asset_id"]


@given(event=extracted_events)
def test_what_the_extractor_writes_is_of_its_schema(event: AssetExtracted) -> None:
    """Whatever it holds."""
    EXTRACTED.validate(json.loads(encode_event(event)))


@given(event=tagged_events)
def test_what_the_tagger_writes_is_of_its_schema(event: AssetTagged) -> None:
    """Whatever it holds."""
    TAGGED.validate(json.loads(encode_event(event)))


@given(event=reviewed_events)
def test_what_is_said_by_people_is_of_its_schema(event: AssetReviewed) -> None:
    """Whatever it holds."""
    REVIEWED.validate(json.loads(encode_event(event)))


@given(event=related_events)
def test_what_the_comparer_writes_is_of_its_schema(event: AssetRelated) -> None:
    """Whatever it holds."""
    RELATED.validate(json.loads(encode_event(event)))


@given(letter=dead_letters)
def test_the_headers_of_a_dead_letter_are_of_their_schema(letter: DeadLetter) -> None:
    """Formats aside: the moments are texts here."""
    DEAD_LETTER.validate({name: (value or b"").decode() for name, value in letter.to_headers(())})


def test_the_document_has_every_topic() -> None:
    """With its key, its partitions and its clean-up."""
    specs = {spec.name: spec for spec in Topics().specs()}
    channels = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}

    assert channels.keys() == specs.keys()
    for name, spec in specs.items():
        binding = channels[name]["bindings"]["kafka"]
        assert binding["topic"] == name
        assert binding["partitions"] == spec.partitions
        told = {
            key: value if isinstance(value, list) else str(value)
            for key, value in binding["topicConfiguration"].items()
        }
        assert told == {**spec.config, "cleanup.policy": [spec.config["cleanup.policy"]]}


def test_every_reference_of_the_document_leads_somewhere() -> None:
    """Inside it, or to a generated schema beside it."""
    references = [found["$ref"] for found in _objects(DOCUMENT) if "$ref" in found]

    for reference in references:
        target: Any = DOCUMENT
        if reference.startswith("#/"):
            for part in reference.removeprefix("#/").split("/"):
                target = target[part]
        else:
            assert f"schemas/{reference}" in FILES
    assert {f"schemas/json/{name}" for name in SCHEMAS} <= {f"schemas/{reference}" for reference in references}


def test_every_operation_uses_messages_of_its_channel() -> None:
    """Each event topic that we read is written and read; what others alone read, and dead letters, are written."""
    uses = set()
    for operation in DOCUMENT["operations"].values():
        channel = operation["channel"]["$ref"].removeprefix("#/channels/")
        uses.add((operation["action"], DOCUMENT["channels"][channel]["address"]))
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"#/channels/{channel}/messages/")

    assert uses == {
        ("receive", "asset-extracted"),
        ("send", "asset-extracted.dlq"),
        ("send", "asset-tagged"),
        ("receive", "asset-tagged"),
        ("send", "asset-tagged.dlq"),
        ("send", "asset-reviewed"),
        ("receive", "asset-reviewed"),
        ("send", "asset-reviewed.dlq"),
        ("send", "asset-related"),
    }


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("assetExtracted", AssetExtracted),
        ("assetTagged", AssetTagged),
        ("assetReviewed", AssetReviewed),
        ("assetRelated", AssetRelated),
    ],
)
def test_the_headers_of_an_event_are_those_of_the_document(message: str, kind: type[Event]) -> None:
    """Names, types and the examples."""
    described = DOCUMENT["components"]["messages"][message]
    example = described["examples"][-1]
    event = kind.model_validate(example["payload"])

    written = {name: value.decode() for name, value in event_headers(event, source=example["headers"]["ce_source"])}

    assert list(described["headers"]["properties"]) == list(written)
    Draft202012Validator(described["headers"]).validate(written)
    assert {**written, "traceparent": ""} == {**example["headers"], "traceparent": ""}


def test_a_tombstone_is_a_message_of_the_topics_of_assets() -> None:
    """Readers that forget it fail at the first removed asset."""
    for channel in ("assetExtracted", "assetTagged", "assetRelated"):
        assert "assetRemoved" in DOCUMENT["channels"][channel]["messages"]
    assert DOCUMENT["components"]["messages"]["assetRemoved"]["payload"] == {"type": "null"}


def test_all_headers_of_a_dead_letter_share_a_prefix() -> None:
    """So that a replay can tell them from the record's own."""
    assert all(name.startswith(HEADER_PREFIX) for name in SCHEMAS["dead-letter-headers.v1.json"]["properties"])
