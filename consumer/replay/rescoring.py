"""From a tagged event to the one that another vocabulary or calibration makes of it: no image, no inference.

Events are not models here: of a million of them, parsing and writing what does not change would take longer than their
scoring. So each field stays the text that it came as, unless scoring needs or replaces it; fields that a newer writer
added are carried on with the rest.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import numpy as np
from msgspec import Raw, Struct

from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.name_patterns import AssetNames
from consumer.tagging.scoring.scorer import NO_NAMES, Scorer
from schemas import format_rfc3339, tagged_event_id, utc_now

_NUMBER: Final = np.dtype("<f2")


class UnusableEventError(ValueError):
    """The event lacks what scoring needs."""


class _Embedding(Struct, gc=False):
    data: bytes


class _Source(Struct, gc=False):
    name: str | None = None
    container_path: str | None = None
    usage: str | None = None


class _Needed(Struct):
    """The fields that scoring reads; the wire's base64 comes as bytes."""

    asset_id: str
    extracted_event_id: UUID
    pixel_evidence: dict[str, dict[str, float]]
    embedding: _Embedding
    source: _Source | None = None


class Scorable(NamedTuple):
    """An event's fields as they came, and what scoring needs of them."""

    fields: dict[str, Raw]
    needed: _Needed


class Rescored(NamedTuple):
    """A new event, and what its record's headers repeat of it."""

    event_id: str
    occurred_at: str
    value: bytes


_fields_of: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_needed_of: Final = msgspec.json.Decoder(_Needed).decode
_encode: Final = msgspec.json.Encoder().encode


class Rescorer:
    """Scores the embeddings that events carry against a bundle's vocabulary, many at a time.

    Each gets exactly the tags that its image would get.
    """

    def __init__(self, bundle: Bundle, *, use_names: bool) -> None:
        self._scorer = Scorer(bundle)
        self._use_names = use_names
        self._dim = bundle.manifest.dim
        self._model_digest = bundle.digest
        taxonomy = bundle.taxonomy_ref(names=use_names)
        self._taxonomy_digest = taxonomy.digest
        self._taxonomy = Raw(_encode(taxonomy.model_dump()))
        # A corpus has few of them.
        self._calibrated = lru_cache(64)(self._as_calibrated)

    def read(self, value: bytes) -> Scorable:
        """Return what an event's bytes hold; raises UnusableEventError where it cannot be scored."""
        try:
            item = Scorable(_fields_of(value), _needed_of(value))
        except (ValueError, RecursionError) as error:
            raise UnusableEventError(f"it has not what scoring needs: {error}") from error
        numbers = len(item.needed.embedding.data) // _NUMBER.itemsize
        if len(item.needed.embedding.data) != self._dim * _NUMBER.itemsize:
            raise UnusableEventError(f"its embedding has {numbers} numbers, those of its model have {self._dim}")
        return item

    def rescore(self, items: Sequence[Scorable]) -> list[Rescored]:
        """Return the new event for each of these, whose embeddings are all of this bundle's model."""
        if not items:
            return []
        started = time.perf_counter()
        needed = [item.needed for item in items]
        embeddings = np.frombuffer(b"".join([one.embedding.data for one in needed]), _NUMBER).reshape(-1, self._dim)
        scored = self._scorer.score_rows(
            embeddings, [one.pixel_evidence for one in needed], [self.names(one) for one in needed]
        )
        score_ms = round((time.perf_counter() - started) * 1000 / len(items), 3)
        occurred_at = format_rfc3339(utc_now())
        timings_ms = Raw(_encode({"wait": 0, "fetch": 0, "decode": 0, "embed": 0, "score": score_ms}))
        rescored = []
        for (fields, one), row in zip(items, scored, strict=True):
            event_id = str(tagged_event_id(one.extracted_event_id, self._model_digest, self._taxonomy_digest))
            event: dict[str, Any] = {
                **fields,
                "event_id": event_id,
                "occurred_at": occurred_at,
                "tags": row.tags,
                "model": self._calibrated(bytes(fields["model"])),
                "taxonomy": self._taxonomy,
                "timings_ms": timings_ms,
            }
            # Those of another vocabulary or calibration are no candidates of this one.
            event.pop("candidates", None)
            if row.candidates is not None:
                event["candidates"] = row.candidates
            # Last, so that kcat shows the tags first.
            event["embedding"] = event.pop("embedding")
            rescored.append(Rescored(event_id, occurred_at, _encode(event)))
        return rescored

    def _as_calibrated(self, model: bytes) -> Raw:
        return Raw(_encode({**_fields_of(model), "calibrated": self._scorer.calibrated}))

    def names(self, event: _Needed) -> AssetNames:
        """Return what the asset is called, as the tagger hears it."""
        if not self._use_names:
            return NO_NAMES
        source = event.source or _Source()
        return AssetNames.of((source.name, source.container_path, event.asset_id, source.usage))
