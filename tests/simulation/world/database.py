"""The database: committed rows, row locks as PostgreSQL's READ COMMITTED has them, and its outages."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from tests.simulation.plan import BAD, FaultKind, Nature, PlannedRecord
from tests.simulation.promises import Promise
from tests.simulation.world.tagged import event_id, extracted_at, timestamp_ms

if TYPE_CHECKING:
    from tests.simulation.world.processes import SimulatedProcess
    from tests.simulation.world.sessions import Transaction
    from tests.simulation.world.state import State

Rank = tuple[datetime, datetime, UUID]
# A row of a table by its key; what lies under it is the table's business.
Key = tuple[Any, ...]


class Database:
    """Tables by name, each a mapping from key to row; readers see what is committed, and their own."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.tables: dict[str, dict[Key, Any]] = defaultdict(dict)
        self.locks: dict[tuple[str, Key], Transaction] = {}
        self.server = 0
        # The highest rank that ever was committed of each asset; None of it says that it is still there.
        self._best: dict[str, Rank] = {}

    def pool(self, process: SimulatedProcess | None) -> Any:
        from tests.simulation.world.sessions import Pool  # noqa: PLC0415 - sessions know the database

        return Pool(self._state, self, process)

    def forget(self, process: SimulatedProcess) -> None:
        """Roll back what a process had under way: its connections are gone."""
        for transaction in {held for held in self.locks.values() if held.owner is process}:
            self.end(transaction)

    def end(self, transaction: Transaction) -> None:
        """Give back the locks of a transaction, and tell those who wait for them."""
        for place in [place for place, holder in self.locks.items() if holder is transaction]:
            del self.locks[place]
        if not transaction.ended.done():
            transaction.ended.set_result(None)

    def promote(self) -> None:
        """Make the standby the primary: sessions of before are read-only for ever."""
        self.server += 1

    def check(self, server: int, *, writes: bool) -> None:
        """Raise what a statement meets now."""
        if self._state.lasts(FaultKind.STORE_OUTAGE):
            raise asyncpg.CannotConnectNowError("the database system is starting up")
        if writes and server != self.server:
            raise asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction")
        if self._state.flip("statement fails"):
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    def apply(self, writes: dict[tuple[str, Key], Any]) -> None:
        """Commit the rows of a transaction; None deletes one."""
        for (table, key), row in writes.items():
            if row is None:
                self.tables[table].pop(key, None)
                continue
            if table == "assets":
                self._check_rank(key[0], row, self.tables[table].get(key))
            self.tables[table][key] = row

    def _check_rank(self, asset_id: str, row: dict[str, Any], before: dict[str, Any] | None) -> None:
        if before is not None and rank_of(row) < rank_of(before):
            self._state.broken(Promise.NOT_TWICE, f"an older event replaces a newer one of {asset_id}")
        self._best[asset_id] = max(rank_of(row), self._best.get(asset_id, rank_of(row)))

    def covers(self, planned: PlannedRecord) -> bool:
        """Tell whether a record's outcome is committed: it, or what makes it void."""
        asset_id = (planned.key or b"").decode()
        removal = self.tables["removed_assets"].get((asset_id,))
        removed_at = None if removal is None else removal["removed_at"]
        if planned.nature is Nature.REMOVAL:
            return removed_at is not None and _ms(removed_at) >= timestamp_ms(planned)
        if removed_at is not None and removed_at >= extracted_at(planned):
            return True
        best = self._best.get(asset_id)
        return best is not None and best >= rank_of_planned(planned)

    def verdict(self, planned: list[PlannedRecord], letters: Counter[int]) -> None:
        """Hold the tables against what the newest event and the newest removal of each asset say."""
        events = [item for item in planned if not letters[item.number] and item.nature not in BAD]
        for asset_id in sorted({(item.key or b"").decode() for item in planned}):
            mine = [item for item in events if (item.key or b"").decode() == asset_id]
            removed_ms = max((timestamp_ms(item) for item in mine if item.nature is Nature.REMOVAL), default=0)
            alive = [
                rank_of_planned(item)
                for item in mine
                if item.nature is not Nature.REMOVAL and _ms(extracted_at(item)) > removed_ms
            ]
            self._judge_asset(asset_id, max(alive, default=None))

    def _judge_asset(self, asset_id: str, wanted: Rank | None) -> None:
        row = self.tables["assets"].get((asset_id,))
        found = None if row is None else rank_of(row)
        if found != wanted:
            self._state.broken(Promise.NOT_TWICE, f"{asset_id} has the row of {found}, not of {wanted}")
        tags = [key for key in self.tables["asset_tags"] if key[0] == asset_id and key[3] == "model"]
        if [key[2] for key in tags] != ([] if wanted is None else [f"tag-{wanted[2].int - 1}"]):
            self._state.broken(Promise.NOT_TWICE, f"{asset_id} has the tags {tags}, not those of {wanted}")


def rank_of(row: dict[str, Any]) -> Rank:
    return row["extracted_at"], row["tagged_at"], row["event_id"]


def rank_of_planned(planned: PlannedRecord) -> Rank:
    return extracted_at(planned), extracted_at(planned), event_id(planned)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


async def acquire(locks: dict[tuple[str, Key], Transaction], place: tuple[str, Key], holder: Transaction) -> None:
    """Wait until a row is ours; raises DeadlockDetectedError where its holder waits for us."""
    while (other := locks.get(place)) is not None and other is not holder:
        await _wait_for(other, holder)
    locks[place] = holder


async def acquire_among(
    locks: dict[tuple[str, Key], Transaction], place: tuple[str, Key], excluded: set[str], holder: Transaction
) -> None:
    """Wait until nobody else holds a lock on one of these tables, and take ours; as advisory locks, shared or not."""
    while others := [held for (table, _), held in locks.items() if table in excluded and held is not holder]:
        await _wait_for(others[0], holder)
    locks[place] = holder


async def _wait_for(other: Transaction, holder: Transaction) -> None:
    chain: Transaction | None = other
    while chain is not None:
        if chain is holder:
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        chain = chain.waits_for
    holder.waits_for = other
    try:
        await asyncio.wait([other.ended])
    finally:
        holder.waits_for = None
    if holder.owner is not None:
        # Who was killed while waiting gets no lock.
        await holder.owner.lives()
