"""What equal content gave before is not computed again: a small memory here, in front of the stored embeddings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from consumer.concurrency.lookups import BatchedLookup
from consumer.settings import TaggerSettings
from consumer.storage.tables.known_embeddings import KnownEmbeddings
from consumer.tagging.pipeline import ImageFacts
from consumer.telemetry.metrics import Metrics
from schemas import Model
from schemas.connections import DatabaseConnection

Origin = Literal["inferred", "memory", "database"]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an image before it is looked at; ``vector`` is float16 [dim], ``facts`` None: decode it."""

    vector: npt.NDArray[np.float16]
    facts: ImageFacts | None


class Reuse:
    """Remembers by the SHA-256 of an image's bytes what one model at one precision, and the tests on pixels, gave.

    The memory holds the newest ``entries`` images whole. The lookup knows embeddings alone, because what the tests on
    pixels say belongs to a version of this code, not of the model: such an image is decoded, and not inferred.
    """

    def __init__(
        self,
        *,
        entries: int = 0,
        lookup: BatchedLookup[npt.NDArray[np.float16]] | None = None,
        on_embedding: Callable[[Origin], None] = lambda _: None,
    ) -> None:
        self._entries = entries
        self._lookup = lookup
        self._on_embedding = on_embedding
        self._memory: OrderedDict[str, Known] = OrderedDict()

    async def recall(self, sha256: str) -> Known | None:
        """Return what is known of these bytes; never raises, and waits for a batch of lookups at the most."""
        embedding = self._memory.get(sha256)
        if embedding is not None:
            self._memory.move_to_end(sha256)
            self._on_embedding("memory")
            return embedding
        vector = None if self._lookup is None else await self._lookup.find(sha256)
        self._on_embedding("inferred" if vector is None else "database")
        return None if vector is None else Known(vector, None)

    def remember(self, sha256: str, vector: npt.NDArray[np.floating], facts: ImageFacts) -> None:
        if not self._entries:
            return
        self._memory[sha256] = Known(vector.astype(np.float16), facts)
        self._memory.move_to_end(sha256)
        if len(self._memory) > self._entries:
            self._memory.popitem(last=False)


@asynccontextmanager
async def open_reuse(settings: TaggerSettings, model: Model, metrics: Metrics) -> AsyncIterator[Reuse]:
    """Reuse as the settings want it; raises ValidationError where they name no database."""
    if settings.reuse == "off":
        yield Reuse(on_embedding=metrics.embedding_from)
    elif settings.reuse == "memory":
        yield Reuse(entries=settings.reuse_entries, on_embedding=metrics.embedding_from)
    else:
        stored = await KnownEmbeddings.open(DatabaseConnection(), model.digest, model.precision)
        lookup = BatchedLookup(stored.find, on_failure=metrics.reuse_failed)
        try:
            yield Reuse(entries=settings.reuse_entries, lookup=lookup, on_embedding=metrics.embedding_from)
        finally:
            await lookup.close()
            await stored.close()
