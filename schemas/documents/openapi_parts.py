"""What the paths of the OpenAPI document are made of."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from schemas import http

Node = dict[str, Any]

_REFUSALS: Final = {
    "401": "The API key is missing or wrong",
    "403": "The request comes from a web page of another site",
    "404": "The asset does not exist",
    "408": "The body was not received in time",
    "413": "The body or the image is too large",
    "415": "The body is compressed, not JSON, or not an image of a supported format",
    "422": "The request is invalid; error_message says why",
    "429": "Too many concurrent requests; Retry-After says when to try again",
    "502": "Kafka refuses what this gateway publishes; error_message says what to change",
    "501": "This gateway is not connected to a database, or for verdicts to Kafka",
    "503": "Temporarily unavailable; Retry-After says when to try again",
}


def responses(answer: type[BaseModel], words: str, *refusals: str) -> Node:
    return {"200": answer_of(answer, words)} | {
        status: answer_of(http.ErrorAnswer, _REFUSALS[status]) for status in refusals
    }


def answer_of(answer: type[BaseModel], words: str) -> Node:
    return {"description": words, "content": {"application/json": {"schema": ref(answer)}}}


def ref(model: type[BaseModel]) -> Node:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def query_parameters(fields: list[tuple[str, str, Node]]) -> list[Node]:
    """Return optional parameters of the query string from names, descriptions and schemas."""
    return [
        {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
        for name, description, schema in fields
    ]


def asset_id_in_path() -> Node:
    return {
        "name": "asset_id",
        "in": "path",
        "required": True,
        "description": "Id of the asset; slashes may be written as they are or as %2F",
        "schema": {"type": "string", "minLength": 1, "maxLength": 512},
    }
