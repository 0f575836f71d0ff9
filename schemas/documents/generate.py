"""The contracts for other languages, made from the models: `aegis docs` writes them, a test keeps them current."""

from __future__ import annotations

import json

from schemas.documents.asyncapi import asyncapi_yaml
from schemas.documents.json_schema import (
    JsonSchema,
    dead_letter_headers_schema,
    extracted_schema,
    related_schema,
    reviewed_schema,
    tagged_schema,
)
from schemas.documents.openapi import openapi_yaml


def generated_files() -> dict[str, str]:
    """Return the text of every generated file by its path below the repository's root; the same at every call."""
    return {
        "schemas/json/asset-extracted.v1.json": _as_text(extracted_schema()),
        "schemas/json/asset-tagged.v1.json": _as_text(tagged_schema()),
        "schemas/json/asset-reviewed.v1.json": _as_text(reviewed_schema()),
        "schemas/json/asset-related.v1.json": _as_text(related_schema()),
        "schemas/json/dead-letter-headers.v1.json": _as_text(dead_letter_headers_schema()),
        "schemas/asyncapi.yaml": asyncapi_yaml(),
        "schemas/openapi.yaml": openapi_yaml(),
    }


def _as_text(schema: JsonSchema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
