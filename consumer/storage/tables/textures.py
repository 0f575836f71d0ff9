"""One texture as its page shows it: every word that was said of it, its embedding, its object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from consumer.storage.tables.reads import TagReader, asset_fields

_ARRIVALS: Final = 2000
# A transaction that began earlier may end later: what is this young is looked at again.
_UNSETTLED: Final = timedelta(seconds=5)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

_ASSET: Final = "SELECT * FROM {schema}.assets WHERE asset_id = $1"
_SAID: Final = """
SELECT category, tag, source, confidence, source_model, verdict, decided_by, decided_at, settles
FROM {schema}.asset_tags WHERE asset_id = $1 ORDER BY confidence DESC, category, tag
"""
_EMBEDDING: Final = """
SELECT embedding FROM {schema}.embeddings WHERE sha256 = $1 AND model_digest = $2
UNION ALL
SELECT embedding FROM {schema}.embeddings_incoming WHERE sha256 = $1 AND model_digest = $2
LIMIT 1
"""
_LOCATION: Final = "SELECT bucket, object_key FROM {schema}.assets WHERE sha256 = $1 LIMIT 1"
_IS_STORED: Final = "SELECT EXISTS (SELECT FROM {schema}.assets WHERE asset_id = $1)"
_ARRIVED: Final = """
SELECT asset_id, stored_at FROM {schema}.assets WHERE stored_at > $1 ORDER BY stored_at DESC LIMIT $2
"""
_LAST: Final = "SELECT max(stored_at) FROM {schema}.assets"


@dataclass(frozen=True, slots=True)
class Said:
    """What one source said of one tag: a model, or a person, whose ``verdict`` it then is.

    ``settles``: it leaves no room for other tags of its category.
    """

    category: str
    tag: str
    source: str
    confidence: float
    source_model: str | None
    verdict: str | None
    decided_by: str | None
    decided_at: datetime | None
    settles: bool = False


@dataclass(frozen=True, slots=True)
class Texture:
    """``fields`` are the columns of its row, the source as an object."""

    fields: dict[str, Any]
    said: tuple[Said, ...]


async def texture(reader: TagReader, asset_id: str) -> Texture | None:
    """Return what is known of one texture, None for one that is not stored; raises DatabaseError."""
    async with reader.session() as session:
        row = await session.fetchrow(session.sql(_ASSET), asset_id)
        if row is None:
            return None
        said = await session.fetch(session.sql(_SAID), asset_id)
    return Texture(
        asset_fields(row), tuple(Said(**{**dict(item), "confidence": round(item["confidence"], 6)}) for item in said)
    )


async def embedding_of(
    reader: TagReader, sha256: str | None, model_digest: str
) -> npt.NDArray[np.floating[Any]] | None:
    """Return an image's embedding [dim] by one model, None where there is none; raises DatabaseError."""
    if sha256 is None:
        return None
    async with reader.session() as session:
        found = await session.fetchval(session.sql(_EMBEDDING), sha256, model_digest)
    return None if found is None else found.to_numpy()


async def location_of(reader: TagReader, sha256: str) -> tuple[str, str] | None:
    """Return bucket and key of a stored image, None where no texture has it; raises DatabaseError."""
    async with reader.session() as session:
        row = await session.fetchrow(session.sql(_LOCATION), sha256)
    return None if row is None else (row["bucket"], row["object_key"])


async def is_stored(reader: TagReader, asset_id: str) -> bool:
    """Tell whether there is such an asset; raises DatabaseError."""
    async with reader.session() as session:
        return bool(await session.fetchval(session.sql(_IS_STORED), asset_id))


class Arrivals:
    """Tells which textures were stored since it was last asked; what it keeps is bounded."""

    def __init__(self, reader: TagReader) -> None:
        self._reader = reader
        self._since: datetime | None = None
        self._known: frozenset[tuple[str, datetime]] = frozenset()

    async def new(self) -> int:
        """Return how many came, at most some thousands; 0 at the first call. Raises DatabaseError."""
        async with self._reader.session() as session:
            if self._since is None:
                self._since = await session.fetchval(session.sql(_LAST)) or _LONG_AGO
                rows = await session.fetch(session.sql(_ARRIVED), self._since - _UNSETTLED, _ARRIVALS)
                self._known = _pairs(rows)
                return 0
            rows = await session.fetch(session.sql(_ARRIVED), self._since - _UNSETTLED, _ARRIVALS)
        known, self._known = self._known, _pairs(rows)
        if rows:
            self._since = max(self._since, rows[0]["stored_at"])
        return len(self._known - known)


def _pairs(rows: Iterable[Any]) -> frozenset[tuple[str, datetime]]:
    return frozenset((row["asset_id"], row["stored_at"]) for row in rows)
