"""What the body of a request holds."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from consumer.gateway.refusals import RefusedError
from schemas.wire import not_json


def json_of(body: bytes) -> Any:
    """Return the body's JSON, without NaN and infinities; raises RefusedError for what is none."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise RefusedError(422, not_json(body, "the body", error)) from error
