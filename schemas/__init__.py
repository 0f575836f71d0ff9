"""The contracts: events, headers, topics, tables, the HTTP API, and the settings of connections.

Imports nothing of the project; everything else may import it.
"""

from __future__ import annotations

from schemas.base import AssetId, Event, ImageInfo, ObjectRef, format_rfc3339, utc_now
from schemas.dead_letters import DeadLetter, Disposition, Stage
from schemas.extracted import AssetExtracted, Extraction, Source
from schemas.headers import RawHeaders, event_headers, header_text
from schemas.related import AssetRelated, Relative
from schemas.reviewed import AssetReviewed, ReviewedTag, Verdict, Word
from schemas.tagged import (
    AssetTagged,
    Candidates,
    CausedBy,
    Embedding,
    Finding,
    Model,
    Tag,
    Taxonomy,
    TimingsMs,
    tagged_event_id,
)
from schemas.topics import Topics, TopicSpec, dead_letter_topic
from schemas.wire import (
    EventDecodeError,
    MalformedEventError,
    UnknownSchemaVersionError,
    check_headers,
    decode_event,
    encode_event,
    event_record,
    removed_asset,
)

__all__ = [
    "AssetExtracted",
    "AssetId",
    "AssetRelated",
    "AssetReviewed",
    "AssetTagged",
    "Candidates",
    "CausedBy",
    "DeadLetter",
    "Disposition",
    "Embedding",
    "Event",
    "EventDecodeError",
    "Extraction",
    "Finding",
    "ImageInfo",
    "MalformedEventError",
    "Model",
    "ObjectRef",
    "RawHeaders",
    "Relative",
    "ReviewedTag",
    "Source",
    "Stage",
    "Tag",
    "Taxonomy",
    "TimingsMs",
    "TopicSpec",
    "Topics",
    "UnknownSchemaVersionError",
    "Verdict",
    "Word",
    "check_headers",
    "dead_letter_topic",
    "decode_event",
    "encode_event",
    "event_headers",
    "event_record",
    "format_rfc3339",
    "header_text",
    "removed_asset",
    "tagged_event_id",
    "utc_now",
]
