"""Sessions with the database, as asyncpg gives them: they do what the product's statements say, and no others."""

from __future__ import annotations

import asyncio
import operator
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from tests.simulation.plan import Nature
from tests.simulation.world.database import Key, acquire, acquire_among, rank_of

if TYPE_CHECKING:
    from tests.simulation.world.database import Database
    from tests.simulation.world.processes import SimulatedProcess
    from tests.simulation.world.state import State

Statement = Callable[["Session", str, tuple[Any, ...]], Any]
_LEARN: Final = "tests/simulation/world/sessions.py must learn this statement"
_COMPARED: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Transaction:
    """What one transaction wrote and locked; everybody who waits for it is told its end."""

    def __init__(self, owner: SimulatedProcess | None) -> None:
        self.owner = owner
        self.writes: dict[tuple[str, Key], Any] = {}
        self.waits_for: Transaction | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Pool:
    """Keeps sessions, and forgets those that it is told to."""

    def __init__(self, state: State, database: Database, process: SimulatedProcess | None) -> None:
        self._state, self._database, self._process = state, database, process
        self._server: int | None = None

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Session]:
        if self._server is None:
            self._server = self._database.server
        session = Session(self._state, self._database, self._process, self._server)
        await session.reach(writes=False)
        yield session

    async def expire_connections(self) -> None:
        self._server = None


class Session:
    """One session; every statement is one way to the database and back."""

    schema = "aegis"

    def __init__(self, state: State, database: Database, process: SimulatedProcess | None, server: int) -> None:
        self._state, self._database, self._process, self._server = state, database, process, server
        self._transaction: Transaction | None = None
        self._staged: list[dict[str, Any]] = []

    def sql(self, statement: str) -> str:
        return statement.replace("{schema}", self.schema)

    async def reach(self, *, writes: bool = True) -> None:
        if self._process is not None:
            await self._process.lives()
        await self._state.delay(0.001, 0.03)
        if self._state.flip("statement is slow"):
            await self._state.delay(0.5, 4)
        if self._process is not None:
            await self._process.lives()
        self._database.check(self._server, writes=writes)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        self._transaction = transaction = Transaction(self._process)
        try:
            yield
            await self.reach()
            self._database.apply(transaction.writes)
        finally:
            self._database.end(transaction)
            self._transaction = None
        if self._state.flip("transaction's answer is lost"):
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    @asynccontextmanager
    async def _within(self) -> AsyncIterator[None]:
        """Run in the transaction that is open, or in one of this statement alone."""
        if self._transaction is not None:
            yield
            return
        async with self.transaction():
            yield

    async def execute(self, statement: str, *values: Any, **_: Any) -> None:
        await self.fetch(statement, *values)

    async def fetchval(self, statement: str, *values: Any, **_: Any) -> Any:
        rows = await self.fetch(statement, *values)
        return next(iter(rows[0].values())) if rows else None

    async def fetch(self, statement: str, *values: Any, **_: Any) -> list[dict[str, Any]]:
        await self.reach()
        words = " ".join(statement.split())
        for pattern, run in _STATEMENTS.items():
            if re.match(pattern, words):
                async with self._within():
                    return list(await run(self, words, values) or ())
        raise NotImplementedError(f"{_LEARN}: {words}")

    async def copy_records_to_table(
        self, table: str, *, columns: Sequence[str], records: Sequence[tuple[Any, ...]], **_: str
    ) -> None:
        await self.reach()
        rows = [dict(zip(columns, record, strict=True)) for record in records]
        if table == "staged_assets":
            self._staged = rows
        elif table == "asset_tags":
            async with self._within():
                for row in rows:
                    key = (row["asset_id"], row["category"], row["tag"], "model")
                    if self._read("asset_tags").get(key) is not None:
                        raise asyncpg.UniqueViolationError("duplicate key value violates unique constraint")
                    await self._write("asset_tags", key, row)

    def _read(self, table: str) -> dict[Key, Any]:
        """Return what this session sees of a table."""
        own = self._transaction.writes if self._transaction else {}
        rows = self._database.tables[table] | {key: row for (name, key), row in own.items() if name == table}
        return {key: row for key, row in rows.items() if row is not None}

    async def _lock(self, table: str, key: Key) -> Transaction:
        assert self._transaction is not None
        await acquire(self._database.locks, (table, key), self._transaction)
        return self._transaction

    async def _write(self, table: str, key: Key, row: Any) -> None:
        (await self._lock(table, key)).writes[table, key] = row


async def _keep_apart(session: Session, words: str, _values: tuple[Any, ...]) -> None:
    mine, excluded = ("storing", {"removing"}) if "_shared" in words else ("removing", {"removing", "storing"})
    if "verdicts" in words:
        mine, excluded = "saying", {"saying"}
    assert session._transaction is not None
    place = (mine, (id(session._transaction),))
    await acquire_among(session._database.locks, place, excluded, session._transaction)


async def _make_staging(session: Session, _words: str, _values: tuple[Any, ...]) -> None:
    session._staged = []


async def _mark_taken(_session: Session, _words: str, _values: tuple[Any, ...]) -> None:
    """All textures of the simulation are of one source."""


async def _note_nothing(_session: Session, _words: str, _values: tuple[Any, ...]) -> None:
    """Nothing of a promise hangs on copies and words."""


async def _upsert(session: Session, words: str, _values: tuple[Any, ...]) -> list[dict[str, Any]]:
    void = _operator(r"removed\.removed_at (\S+) staged\.extracted_at", words)
    older = _operator(r"stored\.event_id\) (\S+) \(EXCLUDED", words)
    removed = session._read("removed_assets")
    winners = []
    for row in sorted(session._staged, key=lambda row: str(row["asset_id"])):
        key = (row["asset_id"],)
        removal = removed.get(key)
        if (
            removal is not None
            and void(removal["removed_at"], row["extracted_at"])
            and not _behind(row, removal, words)
        ):
            continue
        await session._lock("assets", key)
        if row["bucket"] == Nature.REFUSED:
            raise asyncpg.NumericValueOutOfRangeError("integer out of range")
        if row["bucket"] == Nature.UNKNOWN:
            raise asyncpg.InternalServerError("cache lookup failed")
        stored = session._read("assets").get(key)
        if stored is None or older(rank_of(stored), rank_of(row)):
            await session._write("assets", key, row)
            winners.append({"asset_id": row["asset_id"]})
    return winners


def _removals(values: tuple[Any, ...]) -> Iterator[tuple[Key, dict[str, Any]]]:
    for asset_id, removed_at, partition, offset in zip(*values, strict=True):
        yield (asset_id,), {"removed_at": removed_at, "source_partition": partition, "source_offset": offset}


async def _known(session: Session, words: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
    removed = session._read("removed_assets")
    return [
        {"asset_id": key[0]}
        for key, arrived in _removals(values)
        if key in removed
        and not _behind(arrived, removed[key], words)
        and arrived["source_partition"] == removed[key]["source_partition"] is not None
    ]


async def _void(session: Session, words: str, values: tuple[Any, ...]) -> None:
    for key, arrived in _removals(values):
        await session._lock("removed_assets", key)
        known = session._read("removed_assets").get(key)
        if known is not None:
            keeps = arrived["source_partition"] is None or _behind(known, arrived, words)
            newest = max(known["removed_at"], arrived["removed_at"]) if "greatest(" in words else arrived["removed_at"]
            arrived = (known if keeps else arrived) | {"removed_at": newest}  # noqa: PLW2901 - as ON CONFLICT joins them
        await session._write("removed_assets", key, arrived)


async def _remove(session: Session, words: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
    void = _operator(r"asset\.extracted_at (\S+) removed\.removed_at", words)
    removed, gone = session._read("removed_assets"), []
    asset_ids, known = values

    def is_void(asset_id: str, row: dict[str, Any], removal: dict[str, Any]) -> bool:
        by_time = void(row["extracted_at"], removal["removed_at"])
        came_back = asset_id in known and _behind(row, removal, words)
        return _behind(removal, row, words) or (by_time and not came_back)

    for asset_id in asset_ids:
        key = (asset_id,)
        if key not in session._read("assets") or key not in removed:
            continue
        await session._lock("assets", key)
        row = session._read("assets").get(key)
        if row is not None and is_void(asset_id, row, removed[key]):
            await session._write("assets", key, None)
            gone.append({"asset_id": asset_id})
    return gone


async def _clear_tags(session: Session, words: str, values: tuple[Any, ...]) -> None:
    asset_ids = set(values[0])
    for key in [key for key in session._read("asset_tags") if key[0] in asset_ids]:
        if key[3] == "model" or "source = 'model'" not in words:
            await session._write("asset_tags", key, None)


async def _keep_words(session: Session, _words: str, values: tuple[Any, ...]) -> None:
    for event_id, asset_id, category, tag, word, *_, partition, offset in zip(*values, strict=True):
        known = session._read("verdicts").get((event_id,))
        if known is None or offset < known["source_offset"]:
            row = {
                "tag": (asset_id, category, tag),
                "word": word,
                "source_partition": partition,
                "source_offset": offset,
            }
            await session._write("verdicts", (event_id,), row)


async def _clear_words(session: Session, _words: str, values: tuple[Any, ...]) -> None:
    for tag in zip(*values, strict=True):
        if (*tag, "human") in session._read("asset_tags"):
            await session._write("asset_tags", (*tag, "human"), None)


async def _hold_words(session: Session, _words: str, values: tuple[Any, ...]) -> None:
    for tag in zip(*values, strict=True):
        said = [row for row in session._read("verdicts").values() if row["tag"] == tag]
        newest = max(said, key=lambda row: (row["source_partition"], row["source_offset"]))
        if newest["word"] != "withdrawn":
            await session._write("asset_tags", (*tag, "human"), newest["word"])


def _operator(pattern: str, words: str) -> Callable[[Any, Any], bool]:
    """Return the comparison that a condition makes."""
    condition = re.search(pattern, words)
    if condition is None:
        raise NotImplementedError(f"{_LEARN}: {words}")
    return _COMPARED[condition[1]]


def _behind(later: dict[str, Any], earlier: dict[str, Any], words: str) -> bool:
    """Tell whether a row lies behind another on its topic, as the statement compares their places."""
    is_behind = _operator(r"\w\.source_offset (\S+) \w+\.source_offset", words)
    partition = later["source_partition"]
    return (
        partition is not None
        and partition == earlier["source_partition"]
        and is_behind(later["source_offset"], earlier["source_offset"])
    )


# By the beginning of each statement that the sink and a reviewer may send.
_STATEMENTS: Final[dict[str, Statement]] = {
    r"SELECT pg_advisory_xact_lock": _keep_apart,
    r"CREATE TEMPORARY TABLE": _make_staging,
    r"UPDATE pg_temp\.staged_assets": _mark_taken,
    r"INSERT INTO aegis\.assets AS": _upsert,
    r"INSERT INTO aegis\.texture_relations": _note_nothing,
    r"INSERT INTO aegis\.name_words": _note_nothing,
    r"SELECT arrived\.asset_id": _known,
    r"INSERT INTO aegis\.removed_assets AS": _void,
    r"DELETE FROM aegis\.assets AS": _remove,
    r"DELETE FROM aegis\.asset_tags WHERE asset_id = ANY": _clear_tags,
    r"INSERT INTO aegis\.verdicts AS": _keep_words,
    r"DELETE FROM aegis\.asset_tags AS said": _clear_words,
    r"INSERT INTO aegis\.asset_tags": _hold_words,
}
