"""/docs: the OpenAPI document as one page, readable without a network and without scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

Node = dict[str, Any]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24 }
h1 { margin-bottom: 0 } h2 { margin-top: 2.5rem; border-top: 1px solid #d0d7de; padding-top: 1.2rem; font-size: 1.2rem }
h3 { font-size: 1rem; margin-bottom: .3rem }
code, pre { font: 14px/1.45 ui-monospace, monospace; background: #f3f5f7; border-radius: 4px }
code { padding: .1em .3em }
pre { padding: .8rem 1rem; overflow-x: auto } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #eaeef2 }
th { font-weight: 600; font-size: .85rem; color: #57606a } .verb { color: #0a6640; font-weight: 700 }
@media (prefers-color-scheme: dark) {
  body { background: #0d1117; color: #d8dee4 } code, pre { background: #161b22 }
  h2, td, th { border-color: #30363d } .verb { color: #56d364 } a { color: #79c0ff } }
"""


def docs_page(document: Node) -> str:
    """Return HTML; all text of the document is escaped."""
    info = document["info"]
    body = "".join(
        _operation(document, path, verb, operation)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['description'])}</p>"
        '<p>As a document for tools: <a href="/openapi.json">/openapi.json</a>. '
        'Operations: <a href="/livez">/livez</a>, <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a>. '
        "Where a key is asked for, send it as <code>X-API-Key</code> or as a bearer token.</p>"
        f"{body}</body></html>"
    )


def _operation(document: Node, path: str, verb: str, operation: Node) -> str:
    parts = [f'<h2><span class="verb">{verb.upper()}</span> <code>{escape(path)}</code></h2>']
    parts.append(f"<p>{escape(operation['summary'])}.</p>")
    parameters = [
        (item["name"], item["schema"], item.get("description", ""), item["required"])
        for item in operation.get("parameters", ())
    ]
    if parameters:
        parts.append("<h3>Parameters</h3>" + _fields(parameters))
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h3>Body, <code>{escape(media_type)}</code></h3>")
        parts.append(_fields(_properties(document, content["schema"])))
        parts.append(f"<pre>{escape(_curl(path, media_type, content))}</pre>")
    rows = "".join(
        f"<tr><td><code>{status}</code></td><td>{escape(answer['description'])}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    answered = operation["responses"]["200"]["content"]["application/json"]["schema"]
    parts.append("<h3>Answer</h3>" + _fields(_properties(document, answered)))
    parts.append(f"<h3>Status</h3><table>{rows}</table>")
    return "".join(parts)


def _properties(document: Node, schema: Node) -> Iterator[tuple[str, Node, str, bool]]:
    whole = _resolved(document, schema)
    for name, field in whole["properties"].items():
        yield name, field, field.get("description", ""), name in whole.get("required", ())
        inner = _resolved(document, field.get("items", {}))
        for below, part in inner.get("properties", {}).items():
            yield f"{name}[].{below}", part, part.get("description", ""), below in inner.get("required", ())


def _fields(fields: Any) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(_kind(schema))}</td>"
        f"<td>{escape(description)}{'' if required else ' (optional)'}</td></tr>"
        for name, schema, description, required in fields
    )
    return f"<table><tr><th>name</th><th>type</th><th>meaning</th></tr>{rows}</table>"


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
    found: Node = document["components"]["schemas"][name] if name else schema
    return found
