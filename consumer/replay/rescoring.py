"""From a tagged event to the one that another vocabulary or calibration makes of it: no image, no inference.

Events are JSON objects here, not models: of a million events a second pass of validation would take longer than their
scoring, and fields that a newer writer added are carried on as they are.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from consumer.tagging.batch_scoring import BatchScorer
from consumer.tagging.bundle import Bundle
from consumer.tagging.scoring import PIXELS, PixelEvidence, Scorer
from schemas import Taxonomy, format_rfc3339, tagged_event_id, utc_now

Fields = Mapping[str, Any]

_BYTES_A_NUMBER: Final = 2


class UnusableEventError(ValueError):
    """The event lacks what scoring needs."""


class Rescorer:
    """Scores the embeddings that events carry against a bundle's vocabulary, many at a time.

    An event that carries its pixel evidence gets exactly the tags that its image would get. One without (written by a
    version before) keeps those of its tags that pixels gave, where the vocabulary still has them.
    """

    def __init__(self, bundle: Bundle) -> None:
        scorer = Scorer(bundle)
        self._batch = BatchScorer(scorer)
        self._calibrated = scorer.calibrated
        self._dim = bundle.manifest.dim
        self._model_digest = bundle.digest
        self._taxonomy = Taxonomy(
            id=bundle.taxonomy.id, version=bundle.taxonomy.version, digest=bundle.taxonomy_digest
        ).model_dump()
        self._names = {
            category: {spec.shown_name(name): name for name in spec.tags}
            for category, spec in bundle.taxonomy.categories.items()
        }

    def embedding(self, event: Fields) -> npt.NDArray[np.float16]:
        """Return the event's embedding; raises UnusableEventError where it is none of this bundle's model."""
        try:
            packed = base64.b64decode(event["embedding"]["data"], validate=True)
            UUID(event["extracted_event_id"])
        except (KeyError, TypeError, ValueError) as error:
            raise UnusableEventError(f"it has no embedding, or answers no event: {error}") from error
        if len(packed) != self._dim * _BYTES_A_NUMBER:
            raise UnusableEventError(
                f"its embedding has {len(packed) // _BYTES_A_NUMBER} numbers, those of its model have {self._dim}"
            )
        return np.frombuffer(packed, "<f2")

    def rescore(self, events: Sequence[Fields], as_of: datetime) -> list[dict[str, Any]]:
        """Return the new event for each of these, whose embeddings are all of this bundle's model.

        ``as_of``: until when the events are known to be their assets' newest.
        """
        if not events:
            return []
        started = time.perf_counter()
        embeddings = np.stack([self.embedding(event) for event in events])
        found = self._batch.given(embeddings, [self._evidence(event) for event in events])
        score_ms = round((time.perf_counter() - started) * 1000 / len(events), 3)
        common = {
            "occurred_at": format_rfc3339(utc_now()),
            "as_of": format_rfc3339(as_of),
            "taxonomy": self._taxonomy,
            "timings_ms": {"wait": 0, "fetch": 0, "decode": 0, "embed": 0, "score": score_ms},
        }
        return [
            {
                **{name: value for name, value in event.items() if name != "embedding"},
                **common,
                "event_id": str(
                    tagged_event_id(UUID(event["extracted_event_id"]), self._model_digest, self._taxonomy["digest"])
                ),
                "tags": [tag._asdict() for tag in tags],
                "model": {**event["model"], "calibrated": self._calibrated},
                # Last, so that kcat shows the tags first.
                "embedding": event["embedding"],
            }
            for event, tags in zip(events, found, strict=True)
        ]

    def _evidence(self, event: Fields) -> PixelEvidence:
        carried: PixelEvidence | None = event.get("pixel_evidence")
        if carried is not None:
            return carried
        kept: dict[str, dict[str, float]] = {}
        for tag in event["tags"]:
            name = self._names.get(tag["category"], {}).get(tag["tag"])
            if tag["source_model"] == PIXELS and name is not None:
                kept.setdefault(tag["category"], {})[name] = tag["confidence"]
        return kept
