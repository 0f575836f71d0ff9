"""Every released version can be read for ever: the files in tests/golden are added to, never changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas import (
    AssetExtracted,
    AssetRelated,
    AssetReviewed,
    AssetTagged,
    DeadLetter,
    Disposition,
    Event,
    Stage,
    decode_event,
    encode_event,
    event_headers,
    tagged_event_id,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "v1"
KINDS: dict[str, type[Event]] = {
    "asset-extracted": AssetExtracted,
    "asset-tagged": AssetTagged,
    "asset-reviewed": AssetReviewed,
    "asset-related": AssetRelated,
}
EVENTS = [
    "asset-extracted.full",
    "asset-extracted.minimal",
    "asset-extracted.nulls",
    "asset-extracted.unknown-fields",
    "asset-tagged.findings",
    "asset-tagged.full",
    "asset-tagged.minimal",
    "asset-tagged.nothing-found",
    "asset-tagged.unknown-fields",
    "asset-reviewed.duplicate",
    "asset-reviewed.full",
    "asset-reviewed.minimal",
    "asset-reviewed.unknown-fields",
    "asset-related.full",
    "asset-related.minimal",
    "asset-related.unknown-fields",
]
HEADERS = [
    "asset-extracted.headers",
    "asset-tagged.headers",
    "asset-reviewed.headers",
    "asset-related.headers",
    "dead-letter.headers",
]


def _read(name: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return fields


def _decode(name: str) -> Event:
    return decode_event(KINDS[name.split(".", maxsplit=1)[0]], (GOLDEN / f"{name}.json").read_bytes())


def _held(known: Any, whole: Any) -> bool:
    """Say whether all that ``known`` tells stands in ``whole`` too, at its place."""
    if isinstance(known, dict):
        return all(name in whole and _held(value, whole[name]) for name, value in known.items())
    if isinstance(known, list):
        return len(known) == len(whole) and all(map(_held, known, whole))
    return bool(known == whole)


def test_no_golden_file_is_lost() -> None:
    """Nor one forgotten."""
    assert sorted(path.stem for path in GOLDEN.glob("*.json")) == sorted([*EVENTS, *HEADERS])


@pytest.mark.parametrize("name", EVENTS)
def test_a_released_event_decodes(name: str) -> None:
    """It says the schema's own fields unchanged, whatever else is in it."""
    shown = json.loads(encode_event(_decode(name)))

    written = {field: value for field, value in _read(name).items() if value is not None}
    if name.endswith((".full", ".findings", ".nothing-found")):
        assert shown == written
        assert list(shown) == list(written)
    elif name.endswith(".unknown-fields"):
        assert _held(shown, written)
    else:
        assert shown["asset_id"] == written["asset_id"]
        assert shown.get("object", {}).get("key") == written.get("object", {}).get("key")


@pytest.mark.parametrize("name", EVENTS)
def test_a_released_event_is_of_its_released_schema(name: str) -> None:
    """The schema that other teams validate by takes what our writers wrote."""
    schema = _read(f"schema/{name.split('.', maxsplit=1)[0]}.v1")

    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(_read(name))


def test_what_may_be_missing_has_its_default() -> None:
    """The smallest events, read by name."""
    extracted, tagged = _decode("asset-extracted.minimal"), _decode("asset-tagged.minimal")

    assert isinstance(extracted, AssetExtracted)
    assert (extracted.image, extracted.source, extracted.extraction, extracted.hints) == (None, None, None, {})
    assert (extracted.object.size, extracted.object.sha256) == (None, None)
    assert isinstance(tagged, AssetTagged)
    assert tagged.model.calibrated is False
    assert tagged.timings_ms.wait == 0
    assert tagged.embedding.to_array().tolist() == [0.5, -0.5, 0.5, -0.5]


def test_null_is_as_good_as_missing() -> None:
    """Writers in other languages often say null; moments come in any time zone."""
    event = _decode("asset-extracted.nulls")

    assert isinstance(event, AssetExtracted)
    assert event.image is None
    assert event.asset_id == "démo/キャラ/🗡 sword"
    assert json.loads(encode_event(event))["occurred_at"] == "2026-01-31T12:00:00.250Z"


def test_the_id_of_a_tagging_is_fixed_for_ever() -> None:
    """A redelivery after an upgrade must repeat the id of before."""
    tagged = _decode("asset-tagged.full")

    assert isinstance(tagged, AssetTagged)
    assert tagged.event_id == tagged_event_id(tagged.extracted_event_id, tagged.model.digest, tagged.taxonomy.digest)
    assert str(tagged.event_id) == "4b2de53d-c512-576d-9e00-df99da21d1fe"


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("asset-extracted", "/aegis/extractor"),
        ("asset-tagged", "/aegis/tagger"),
        ("asset-reviewed", "/aegis/gateway"),
        ("asset-related", "/aegis/comparer"),
    ],
)
def test_released_headers_are_still_written(kind: str, source: str) -> None:
    """All of them, in their order; the span id alone is new each time."""
    golden = _read(f"{kind}.headers")

    headers = event_headers(_decode(f"{kind}.full"), source=source, traceparent=golden["traceparent"])

    texts = {name: value.decode() for name, value in headers}
    assert list(texts) == list(golden)
    assert texts.pop("traceparent")[:36] == golden.pop("traceparent")[:36]
    assert texts == golden


def test_a_released_dead_letter_is_read_and_still_written() -> None:
    """Its record's own headers come first."""
    golden = {name: text.encode() for name, text in _read("dead-letter.headers").items()}

    letter = DeadLetter.from_headers(golden.items())

    assert letter is not None
    assert (letter.error_stage, letter.disposition) == (Stage.DECODE_IMAGE, Disposition.POISON)
    assert (letter.topic, letter.partition, letter.offset, letter.replay_count) == ("asset-extracted", 3, 41, 0)
    assert letter.to_headers(golden.items()) == tuple(golden.items())
    Draft202012Validator(_read("schema/dead-letter-headers.v1")).validate(_read("dead-letter.headers"))
