"""/docs: the OpenAPI document as one HTML page that loads nothing from another host."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from consumer.gateway.html import render
from consumer.gateway.page.state import GalleryState
from consumer.gateway.page.static_files import static_url

Node = dict[str, Any]


class Field(NamedTuple):
    """One row of a table of fields."""

    name: str
    kind: str
    description: str
    is_required: bool


def docs_page(document: Node) -> str:
    """Return HTML; all text from the document is escaped."""
    operations = [
        _operation(document, path, verb, operation)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    ]
    return render(
        "docs.html", static_url=static_url, state=GalleryState(), info=document["info"], operations=operations
    )


def _operation(document: Node, path: str, verb: str, operation: Node) -> Node:
    answered = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return {
        "verb": verb.upper(),
        "path": path,
        "summary": operation["summary"],
        "parameters": _fields(
            (item["name"], item["schema"], item.get("description", ""), item["required"])
            for item in operation.get("parameters", ())
        ),
        "bodies": [
            {
                "media_type": media_type,
                "fields": _fields(_properties(document, content["schema"])),
                "curl": _curl(path, media_type, content),
            }
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
        ],
        "answer": _fields(_properties(document, answered)),
        "statuses": [(status, answer["description"]) for status, answer in operation["responses"].items()],
    }


def _properties(document: Node, schema: Node) -> Iterator[tuple[str, Node, str, bool]]:
    whole = _resolved(document, schema)
    for name, field in whole["properties"].items():
        yield name, field, field.get("description", ""), name in whole.get("required", ())
        inner = _resolved(document, field.get("items", {}))
        for below, part in inner.get("properties", {}).items():
            yield f"{name}[].{below}", part, part.get("description", ""), below in inner.get("required", ())


def _fields(fields: Iterable[tuple[str, Node, str, bool]]) -> list[Field]:
    return [Field(name, _kind(schema), description, required) for name, schema, description, required in fields]


def _kind(schema: Node) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(choice) for choice in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " or ".join(json.dumps(choice) for choice in schema["enum"])
    kind = "list" if schema.get("type") == "array" else str(schema.get("type", "object"))
    bounds = [words.format(schema[key]) for key, words in _BOUNDS.items() if key in schema]
    if "default" in schema:
        bounds.append(f"default {json.dumps(schema['default'])}")
    return ", ".join([kind, *bounds])


_BOUNDS = {"minimum": "≥ {}", "maximum": "≤ {}", "maxLength": "≤ {} characters", "maxItems": "≤ {} items"}


def _curl(path: str, media_type: str, content: Node) -> str:
    if media_type == "application/json":
        example = json.dumps(content["example"])
        return f"curl http://HOST:PORT{path} -H 'content-type: application/json' -d '{example}'"
    return f"curl http://HOST:PORT{path} -F asset_id=demo-game/ui/button -F file=@button.png"


def _resolved(document: Node, schema: Node) -> Node:
    name = schema.get("$ref", "").rpartition("/")[2]
    node: Node = document["components"]["schemas"][name] if name else schema
    return node
