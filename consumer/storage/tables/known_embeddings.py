"""Embeddings that were computed before, looked up by the content of their image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import numpy.typing as npt

from consumer.storage.postgres.database import close_pool, lend, open_pool
from schemas.connections import DatabaseConnection

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Pool

# What waits for its place in the index counts as well: under load that may be the newest million.
_FIND: Final = """
SELECT sha256, embedding FROM {schema}.embeddings
WHERE sha256 = ANY($1::text[]) AND model_digest = $2 AND precision = $3
UNION ALL
SELECT sha256, embedding FROM {schema}.embeddings_incoming
WHERE sha256 = ANY($1::text[]) AND model_digest = $2 AND precision = $3
"""


class KnownEmbeddings:
    """The stored embeddings of one model at one precision."""

    def __init__(self, pool: Pool, model_digest: str, precision: str) -> None:
        self._pool = pool
        self._model_digest = model_digest
        self._precision = precision

    @classmethod
    async def open(cls, connection: DatabaseConnection, model_digest: str, precision: str) -> Self:
        """Return without having connected: that the database is away shows at the first question."""
        return cls(await open_pool(connection), model_digest, precision)

    async def close(self) -> None:
        await close_pool(self._pool)

    async def find(self, digests: Sequence[str]) -> dict[str, npt.NDArray[np.float16]]:
        """Return those that are known, [dim] each, by the SHA-256 of the image.

        Raises:
            DatabaseError: the database does not answer, or its tables are not migrated.

        """
        async with lend(self._pool) as session:
            rows = await session.fetch(session.sql(_FIND), digests, self._model_digest, self._precision)
        return {row["sha256"]: row["embedding"].to_numpy().astype(np.float16, copy=False) for row in rows}
