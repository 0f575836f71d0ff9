"""From a tagged event to the one that another vocabulary or calibration makes of it: no image, no inference.

Events are JSON objects here, not models: of a million events a second pass of validation would take longer than their
scoring, and fields that a newer writer added are carried on as they are.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
from pydantic_core import from_json

from consumer.tagging.bundle import Bundle
from consumer.tagging.names import AssetNames
from consumer.tagging.scoring import NO_NAMES, Scorer
from schemas import format_rfc3339, tagged_event_id, utc_now

Fields = Mapping[str, Any]

_BYTES_A_NUMBER: Final = 2


class UnusableEventError(ValueError):
    """The event lacks what scoring needs."""


class Scorable(NamedTuple):
    """An event, and what of it was unpacked already."""

    event: Fields
    extracted_event_id: UUID
    embedding: npt.NDArray[np.float16]


class Rescorer:
    """Scores the embeddings that events carry against a bundle's vocabulary, many at a time.

    Each gets exactly the tags that its image would get.
    """

    def __init__(self, bundle: Bundle, *, use_names: bool) -> None:
        self._scorer = Scorer(bundle)
        self._use_names = use_names
        self._dim = bundle.manifest.dim
        self._model_digest = bundle.digest
        self._taxonomy = bundle.taxonomy_ref(names=use_names).model_dump()

    def read(self, value: bytes) -> Scorable:
        """Return what an event's bytes hold; raises UnusableEventError where it cannot be scored."""
        try:
            event: Fields = from_json(value)
            packed = base64.b64decode(event["embedding"]["data"], validate=True)
            extracted_event_id = UUID(event["extracted_event_id"])
        except (KeyError, TypeError, ValueError) as error:
            raise UnusableEventError(f"it has no embedding, or answers no event: {error}") from error
        if len(packed) != self._dim * _BYTES_A_NUMBER:
            raise UnusableEventError(
                f"its embedding has {len(packed) // _BYTES_A_NUMBER} numbers, those of its model have {self._dim}"
            )
        return Scorable(event, extracted_event_id, np.frombuffer(packed, "<f2"))

    def rescore(self, items: Sequence[Scorable]) -> list[dict[str, Any]]:
        """Return the new event for each of these, whose embeddings are all of this bundle's model."""
        if not items:
            return []
        started = time.perf_counter()
        embeddings = np.stack([item.embedding for item in items])
        pixels = [item.event["pixel_evidence"] for item in items]
        found = self._scorer.score_rows(embeddings, pixels, [self._names(item.event) for item in items])
        score_ms = round((time.perf_counter() - started) * 1000 / len(items), 3)
        common = {
            "occurred_at": format_rfc3339(utc_now()),
            "taxonomy": self._taxonomy,
            "timings_ms": {"wait": 0, "fetch": 0, "decode": 0, "embed": 0, "score": score_ms},
        }
        return [
            {
                **{name: value for name, value in item.event.items() if name != "embedding"},
                **common,
                "event_id": str(tagged_event_id(item.extracted_event_id, self._model_digest, self._taxonomy["digest"])),
                "tags": tags,
                "model": {**item.event["model"], "calibrated": self._scorer.calibrated},
                # Last, so that kcat shows the tags first.
                "embedding": item.event["embedding"],
            }
            for item, tags in zip(items, found, strict=True)
        ]

    def _names(self, event: Fields) -> AssetNames:
        """Return what the asset is called, as the tagger hears it."""
        if not self._use_names:
            return NO_NAMES
        source = event.get("source") or {}
        return AssetNames.of((source.get("name"), source.get("container_path"), event["asset_id"]))
