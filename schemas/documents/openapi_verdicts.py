"""The paths of the OpenAPI document on which people say what holds, and read who said it."""

from __future__ import annotations

from typing import Final

from schemas import http
from schemas.documents.openapi_parts import Node, asset_id_in_path, query_parameters, ref, responses

_HISTORY_REFUSALS: Final = ("401", "403", "422", "429", "501", "503")
_EXAMPLE: Final = {
    "by": "anna",
    "verdicts": [
        {"asset_id": "demo-game/items/sword", "tag": "weapon", "word": "confirmed"},
        {"asset_id": "demo-game/items/sword", "tag": "vehicle", "word": "rejected"},
    ],
}


def verdict_paths() -> Node:
    return {
        "/api/v1/verdicts": {
            "post": {
                "operationId": "saveVerdicts",
                "summary": "Confirm, reject or add tags of one asset or many; saved once this answers",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": ref(http.VerdictRequest), "example": _EXAMPLE}},
                },
                "responses": responses(
                    http.VerdictAnswer,
                    "All of them are saved, acknowledged by all in-sync replicas; on an error none or some are, "
                    "and all may be sent again with the same event_id",
                    "401",
                    "403",
                    "404",
                    "408",
                    "413",
                    "415",
                    "422",
                    "429",
                    "501",
                    "502",
                    "503",
                ),
            },
            "get": {
                "operationId": "listVerdicts",
                "summary": "Get what people said, newest first",
                "parameters": _history_parameters(),
                "responses": responses(http.HistoryAnswer, "A page of the history", *_HISTORY_REFUSALS),
            },
        },
        "/api/v1/assets/{asset_id}/verdicts": {
            "get": {
                "operationId": "readAssetVerdicts",
                "summary": "Get what people said of an asset, newest first",
                "parameters": [asset_id_in_path(), *_history_parameters()],
                "responses": responses(
                    http.HistoryAnswer, "A page of the history; empty where nobody said anything", *_HISTORY_REFUSALS
                ),
            }
        },
    }


def _history_parameters() -> list[Node]:
    return query_parameters(
        [
            ("by", "Name of the person", {"type": "string"}),
            ("limit", "Maximum verdicts per page", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
            ("after", "Value of `next` from the previous page", {"type": "string"}),
        ]
    )
