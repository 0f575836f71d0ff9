"""The gateway keeps its OpenAPI document, whatever is sent to it: schemathesis asks."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from schemas.documents.openapi import openapi_document
from tests.unit.gateway.serving import Client

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
    unsupported_method,
)


API = schemathesis.openapi.from_dict(openapi_document())
# /health takes nothing that could be invalid.
OPERATIONS = [
    pytest.param(path, verb.upper(), mode, id=f"{mode.value} {verb} {path}")
    for path, verbs in openapi_document()["paths"].items()
    for verb in verbs
    for mode in (GenerationMode.POSITIVE, *([] if path == "/health" else [GenerationMode.NEGATIVE]))
]


@pytest.mark.parametrize(("path", "verb", "mode"), OPERATIONS)
def test_every_answer_is_one_that_the_document_promises(
    publishing: Client, path: str, verb: str, mode: GenerationMode
) -> None:
    operation = API[path][verb]
    # A form's fields are all texts: the null that is no asset_id in JSON is the good asset_id "null" there.
    checks = [check for check in CHECKS if not (check is negative_data_rejection and path.endswith("/file"))]

    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(base_url=publishing.url, checks=checks)

    ask()
