"""A person whose words the sink stores, by the product's own statements, until the database has taken them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

from consumer.storage.errors import DatabaseUnavailableError
from consumer.storage.postgres.database import lend
from consumer.storage.tables.verdicts import VerdictRow, store_verdicts
from schemas import Word
from schemas.base import utc_now
from tests.simulation.plan import PlannedVerdict
from tests.simulation.promises import Promise

if TYPE_CHECKING:
    from tests.simulation.world.database import Database
    from tests.simulation.world.state import State

_CATEGORY, _TAG = "content", "said"


class Reviewer:
    """Says one thing after another; what was acknowledged must be there in the end."""

    def __init__(self, state: State, database: Database) -> None:
        self._state = state
        self._database = database
        self._pool: Any = database.pool(None)
        self._turn = asyncio.Lock()
        self._words = 0
        self._said: dict[str, str | None] = {}

    async def say(self, planned: PlannedVerdict) -> None:
        """Record one word, trying again for as long as the database is away; None withdraws the one before."""
        async with self._turn:
            self._words += 1
            row = VerdictRow(
                UUID(int=self._words),
                f"asset-{planned.asset}",
                _CATEGORY,
                _TAG,
                planned.word or Word.WITHDRAWN.value,
                settles=False,
                decided_by="somebody",
                decided_at=utc_now(),
                source_partition=0,
                source_offset=self._words,
            )
            while True:
                try:
                    await self._store(row)
                    break
                except DatabaseUnavailableError:
                    await self._state.delay(0.5, 2)
            self._said[row.asset_id] = planned.word

    async def _store(self, row: VerdictRow) -> None:
        async with lend(self._pool) as session, session.transaction():
            await store_verdicts(session, [row])

    def verdict(self) -> None:
        """Hold the table against what was said."""
        for asset_id, word in self._said.items():
            found = self._database.tables["asset_tags"].get((asset_id, _CATEGORY, _TAG, "human"))
            if found != word:
                self._state.broken(Promise.WORD_KEPT, f"of {asset_id} was said {word!r}, the table has {found!r}")
