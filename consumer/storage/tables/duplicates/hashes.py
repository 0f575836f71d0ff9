"""The perceptual hashes of every content that was compared, for all processes that compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from consumer.storage.errors import DatabaseUnavailableError
from consumer.storage.postgres.writable import check_takes_writes
from consumer.storage.tables.reads import TagReader

_AT_ONCE: Final = 10_000
# Whoever adds holds it until its commit: then no position becomes visible after a higher one.
_ADDING: Final = "SELECT pg_advisory_xact_lock('{schema}.texture_hashes'::regclass::oid::bigint)"
_ADD: Final = """
INSERT INTO {schema}.texture_hashes (sha256, hashes) VALUES ($1, $2::bigint[]) ON CONFLICT (sha256) DO NOTHING
"""
# By table, what is needed of it.
_MAY: Final = {"texture_hashes": "INSERT", "texture_relations": "INSERT, UPDATE"}
_MAY_ALL: Final = "SELECT has_table_privilege('{schema}.' || $1, $2)"
_TABLE: Final = "SELECT '{schema}.texture_hashes'::regclass::oid::bigint"
_BEHIND: Final = """
SELECT position, sha256, hashes FROM {schema}.texture_hashes WHERE position > $1 ORDER BY position LIMIT $2
"""


class HashesPlace(NamedTuple):
    """How far the hashes were read; ``table`` changes when the tables are made anew or switched."""

    table: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class KnownHashes:
    """The hashes of one content, uint64 [n]."""

    sha256: str
    hashes: npt.NDArray[np.uint64]


async def add_hashes(reader: TagReader, sha256: str, hashes: npt.NDArray[np.uint64]) -> None:
    """Store what is not stored yet; on return every later :func:`hashes_behind` sees it. Raises DatabaseError."""
    async with reader.session() as session, session.transaction():
        await session.execute(session.sql(_ADDING))
        await session.execute(session.sql(_ADD), sha256, hashes.view(np.int64).tolist())


async def hashes_behind(reader: TagReader, place: HashesPlace) -> tuple[HashesPlace, list[KnownHashes]]:
    """Return the next some behind a place, none where there are no more, and the place behind them.

    Where that is of another table, they are its first. Raises DatabaseError.
    """
    async with reader.session() as session, session.transaction():
        await session.execute(session.sql(_ADDING))
        table = await session.fetchval(session.sql(_TABLE))
        after = place.position if table == place.table else 0
        rows = await session.fetch(session.sql(_BEHIND), after, _AT_ONCE)
    known = [KnownHashes(row["sha256"], np.array(row["hashes"], np.int64).view(np.uint64)) for row in rows]
    return HashesPlace(table, rows[-1]["position"] if rows else after), known


async def check_hashes(reader: TagReader) -> None:
    """Return when hashes and what comes of them can be added; raises DatabaseError."""
    async with reader.session() as session:
        await check_takes_writes(session)
        for table, rights in _MAY.items():
            for right in rights.split(", "):
                if not await session.fetchval(session.sql(_MAY_ALL), table, right):
                    raise DatabaseUnavailableError(
                        f"the database's user lacks {right} on {session.schema}.{table}: grant it"
                    )
