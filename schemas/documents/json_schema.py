"""JSON Schemas (draft 2020-12) of what travels, generated from the models."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any, Final, get_args, get_type_hints

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from schemas.base import Event
from schemas.dead_letters import OPTIONAL_FIELDS, DeadLetter, Disposition, Stage, header_name
from schemas.documents import examples
from schemas.extracted import AssetExtracted
from schemas.related import AssetRelated
from schemas.reviewed import AssetReviewed
from schemas.tagged import AssetTagged

JsonSchema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def extracted_schema() -> JsonSchema:
    return _event_schema(
        AssetExtracted,
        "asset-extracted",
        "Asset extracted",
        [examples.extracted_minimal(), examples.extracted_full()],
    )


def tagged_schema() -> JsonSchema:
    return _event_schema(
        AssetTagged,
        "asset-tagged",
        "Asset tagged",
        [examples.tagged_full(), examples.tagged_nothing_found()],
    )


def reviewed_schema() -> JsonSchema:
    return _event_schema(
        AssetReviewed,
        "asset-reviewed",
        "Asset reviewed",
        [examples.reviewed_minimal(), examples.reviewed_full()],
    )


def related_schema() -> JsonSchema:
    return _event_schema(
        AssetRelated,
        "asset-related",
        "Asset related",
        [examples.related_nothing_found(), examples.related_full()],
    )


def dead_letter_headers_schema() -> JsonSchema:
    """Return the schema of the headers that a dead letter adds, as one object of texts."""
    hints = get_type_hints(DeadLetter, include_extras=True)
    return {
        "$schema": DIALECT,
        "$id": _schema_id("dead-letter-headers"),
        "title": "Dead-letter headers",
        "description": (
            "Headers that a dead letter has in addition to the record's own key, value and headers. Every value is "
            "UTF-8 text. A second failure overwrites them."
        ),
        "type": "object",
        "properties": {
            header_name(field.name): _header_schema(field.name, hints[field.name]) for field in _dlq_fields()
        },
        "required": [header_name(field.name) for field in _dlq_fields() if field.name not in OPTIONAL_FIELDS],
        "additionalProperties": True,
        "examples": [examples.as_text(examples.dead_letter().to_headers(()))],
    }


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, without what only repeats the field's name, and open to fields of newer writers."""

    schema_dialect = DIALECT

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def sort(self, value: JsonSchema, parent_key: str | None = None) -> JsonSchema:  # noqa: ARG002 - pydantic's
        """Keep the models' order: it is the same at every run, and reads better than the alphabet."""
        return value

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchema:
        """Say ``type: [string, null]`` where pydantic says anyOf; our writers leave the field out instead."""
        inner = self.generate_inner(schema["schema"])
        if isinstance(inner.get("type"), str):
            return {**inner, "type": [inner["type"], "null"]}
        return super().nullable_schema(schema)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchema:
        """Leave out defaults of None: they say no more than that the field may be missing."""
        made = super().default_schema(schema)
        if made.get("default", ...) is None:
            del made["default"]
        return made

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchema:
        made = super().model_schema(schema)
        if "description" in made:
            made["description"] = _plain(made["description"])
        return {**made, "additionalProperties": True}


def _event_schema(kind: type[Event], name: str, title: str, shown: list[dict[str, Any]]) -> JsonSchema:
    made = kind.model_json_schema(schema_generator=_Generator)
    definitions = made.pop("$defs")
    return {
        "$schema": DIALECT,
        "$id": _schema_id(name),
        "title": title,
        "description": made.pop("description"),
        **{keyword: value for keyword, value in made.items() if keyword != "title"},
        "examples": shown,
        "$defs": definitions,
    }


def _schema_id(name: str) -> str:
    return f"urn:aegis:schema:{name}:v1"


def _dlq_fields() -> tuple[Any, ...]:
    return fields(DeadLetter)


def _header_schema(name: str, annotation: Any) -> JsonSchema:
    kind, *notes = get_args(annotation)
    described = {"description": next(note.description for note in notes if isinstance(note, FieldInfo))}
    if kind in {Stage, Disposition}:
        return {"type": "string", "enum": [str(member) for member in kind], **described}
    if kind is int:
        return {"type": "string", "pattern": "^[0-9]+$", **described}
    if name == "timestamp" or name.endswith("_at"):
        return {"type": "string", "format": "date-time", **described}
    return {"type": "string", **described}


def _plain(docstring: str) -> str:
    """Return a docstring as readers of other languages expect a text: one paragraph a line, no reStructuredText."""
    paragraphs = (" ".join(part.split()) for part in docstring.split("\n\n"))
    return re.sub(r"``([^`]+)``", r"\1", "\n\n".join(paragraphs))
