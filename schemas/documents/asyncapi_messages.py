"""The messages of the AsyncAPI document: their headers, payloads and examples."""

from __future__ import annotations

from typing import Any, Final

from schemas.base import Event
from schemas.documents import examples
from schemas.extracted import AssetExtracted
from schemas.headers import event_headers
from schemas.related import AssetRelated
from schemas.reviewed import AssetReviewed
from schemas.tagged import AssetTagged

Node = dict[str, Any]

BINDING_VERSION: Final = "0.5.0"
_EXTRACTED_SCHEMA: Final = "json/asset-extracted.v1.json"
_TAGGED_SCHEMA: Final = "json/asset-tagged.v1.json"
_REVIEWED_SCHEMA: Final = "json/asset-reviewed.v1.json"
_RELATED_SCHEMA: Final = "json/asset-related.v1.json"
_DEAD_LETTER_SCHEMA: Final = "json/dead-letter-headers.v1.json"


def messages() -> Node:
    return {
        "assetExtracted": {
            "name": "asset-extracted",
            "title": "Asset extracted",
            "summary": "A texture was extracted and is in the object store.",
            "contentType": "application/json",
            "headers": _event_headers(AssetExtracted, "All are optional; they serve tools and tracing."),
            "payload": {"$ref": _EXTRACTED_SCHEMA},
            "bindings": _keyed(),
            "examples": [
                {
                    "name": "minimal",
                    "summary": "Only the required fields",
                    "payload": examples.extracted_minimal(),
                },
                {
                    "name": "full",
                    "summary": "Every field",
                    "headers": _example_headers(AssetExtracted, examples.extracted_full(), "/aegis/extractor"),
                    "payload": examples.extracted_full(),
                },
            ],
        },
        "assetTagged": {
            "name": "asset-tagged",
            "title": "Asset tagged",
            "summary": "The tags of a texture.",
            "contentType": "application/json",
            "headers": _event_headers(AssetTagged, "Always present."),
            "payload": {"$ref": _TAGGED_SCHEMA},
            "bindings": _keyed(),
            "examples": [
                {
                    "name": "full",
                    "summary": "Every field, with a short embedding",
                    "headers": _example_headers(AssetTagged, examples.tagged_full(), "/aegis/tagger"),
                    "payload": examples.tagged_full(),
                }
            ],
        },
        "assetReviewed": {
            "name": "asset-reviewed",
            "title": "Asset reviewed",
            "summary": "A person's word on a tag or (duplicate_of) on two textures, and the asset's tags after it.",
            "contentType": "application/json",
            "headers": _event_headers(AssetReviewed, "Always present."),
            "payload": {"$ref": _REVIEWED_SCHEMA},
            "bindings": _keyed(),
            "examples": [
                {
                    "name": "minimal",
                    "summary": "A word that is withdrawn",
                    "payload": examples.reviewed_minimal(),
                },
                {
                    "name": "full",
                    "summary": "Every field",
                    "headers": _example_headers(AssetReviewed, examples.reviewed_full(), "/aegis/gateway"),
                    "payload": examples.reviewed_full(),
                },
            ],
        },
        "assetRelated": {
            "name": "asset-related",
            "title": "Asset related",
            "summary": "Which stored textures a texture is again, and what one is of the other.",
            "contentType": "application/json",
            "headers": _event_headers(AssetRelated, "Always present."),
            "payload": {"$ref": _RELATED_SCHEMA},
            "bindings": _keyed(),
            "examples": [
                {
                    "name": "minimal",
                    "summary": "A texture that is like no other",
                    "payload": examples.related_nothing_found(),
                },
                {
                    "name": "full",
                    "summary": "Every field",
                    "headers": _example_headers(AssetRelated, examples.related_full(), "/aegis/comparer"),
                    "payload": examples.related_full(),
                },
            ],
        },
        "assetRemoved": {
            "name": "tombstone",
            "title": "Asset removed",
            "summary": "A record with the asset's key and a null value (no bytes, not the JSON null).",
            "description": (
                "The asset no longer exists: the tagger forwards the tombstone, the sink deletes the asset's rows, and "
                "compaction removes the asset from the topic. Headers are optional and forwarded unchanged."
            ),
            "payload": {"type": "null"},
            "bindings": _keyed(),
        },
        "deadLetter": {
            "name": "dead-letter",
            "title": "Dead letter",
            "summary": "A record that could not be processed, with the reason in its headers.",
            "description": "Key, value and headers are those of the record, byte for byte, plus the dlq- headers.",
            "headers": {"$ref": _DEAD_LETTER_SCHEMA},
            "payload": {"description": "The value of the record: any bytes, usually not a valid event."},
            "bindings": {
                "kafka": {
                    "key": {"description": "The key of the record: any bytes, or null."},
                    "bindingVersion": BINDING_VERSION,
                }
            },
        },
    }


def _keyed() -> Node:
    key = {
        "type": "string",
        "minLength": 1,
        "maxLength": 512,
        "description": "The asset_id in UTF-8; an event with any other key becomes a dead letter",
    }
    return {"kafka": {"key": key, "bindingVersion": BINDING_VERSION}}


def _event_headers(kind: type[Event], presence: str) -> Node:
    return {
        "type": "object",
        "description": f"CloudEvents 1.0, Kafka binding in binary mode, and W3C trace context. {presence}",
        "properties": {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_id": {"type": "string", "format": "uuid", "description": "Same as event_id"},
            "ce_type": {"type": "string", "const": kind.CE_TYPE},
            "ce_source": {
                "type": "string",
                "format": "uri-reference",
                "description": "Program that wrote the event, e.g. /aegis/tagger",
            },
            "ce_time": {"type": "string", "format": "date-time", "description": "Same as occurred_at"},
            "ce_subject": {"type": "string", "description": "Same as asset_id"},
            "content-type": {"type": "string", "const": "application/json"},
            "traceparent": {
                "type": "string",
                "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
                "description": "W3C trace context; an event caused by another continues its trace",
            },
        },
    }


def _example_headers(kind: type[Event], payload: Node, source: str) -> Node:
    headers = examples.as_text(event_headers(kind.model_validate(payload), source=source))
    # Fixed: a new one at each call would change the document with every run.
    headers["traceparent"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    return headers
