"""PgBouncer before PostgreSQL: session mode works, whatever it drops or refuses; transaction mode is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import asyncpg
import pytest

from consumer.storage.errors import DatabaseSetupError, DatabaseUnavailableError, PoolerModeError
from consumer.storage.postgres.migrate import migrate
from consumer.storage.postgres.schema_version import check_schema
from consumer.storage.tables.likeness import LikeQuery, like
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.tag_query import TagQuery
from consumer.storage.tables.tags import TagStore
from devstack import Stack
from schemas import Word
from schemas.connections import DatabaseConnection
from testkit.kafka_tools import eventually
from testkit.postgres_servers import has_pgbouncer, pgbouncer
from testkit.saying import say
from tests.unit.storage.samples import MODEL, embedding, row, tombstone

pytestmark = pytest.mark.skipif(
    not has_pgbouncer(), reason="pgbouncer is not installed (Debian: apt-get install pgbouncer)"
)

IGNORED = "ignore_startup_parameters=search_path,statement_timeout,idle_in_transaction_session_timeout,jit,options"


@pytest.fixture(params=[("pool_mode=session",), ("pool_mode=session", IGNORED)], ids=["plain", "ignoring"])
def session_mode(request: pytest.FixtureRequest, stack_environment: Mapping[str, str]) -> Iterator[str]:
    with pgbouncer(stack_environment["AEGIS_PG_DSN"], *request.param) as dsn:
        yield dsn


def _through(dsn: str, database: DatabaseConnection) -> DatabaseConnection:
    return DatabaseConnection(dsn=dsn, AEGIS_PG_SCHEMA=database.db_schema)


async def test_in_session_mode_all_that_is_read_and_written_is_in_our_schema(
    session_mode: str, database: DatabaseConnection
) -> None:
    """Another deployment's tables lie in the schema that is found first without our settings."""
    pooled = _through(session_mode, database)
    await migrate(pooled)
    direct = await asyncpg.connect(database.dsn.get_secret_value())
    await direct.execute(f'CREATE SCHEMA IF NOT EXISTS aegis; SET search_path TO "{database.db_schema}"')
    async with await TagStore.open(pooled) as store, await TagReader.open(pooled, writes=True) as reader:
        await store.ping()
        await store.write_batch([row(f"a{number}", extracted=number) for number in range(40)] + [tombstone("gone")])
        await store.embeddings_settled()
        async with reader.session() as session:
            await say(session, "a1", "object_types", "sword", Word.ADDED, decided_by="anna")
            assert await session.fetchval("SHOW statement_timeout") == "50s"
        assert [match.asset.asset_id for match in await reader.search(TagQuery(("sword",)))] == ["a1"]
        assert len(await like(reader, LikeQuery(embedding(), MODEL, limit=5))) == 5
    assert await direct.fetchval("SELECT count(*) FROM assets") == 40
    await direct.close()


async def test_no_statement_needs_the_search_path(
    database: DatabaseConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a pooler that drops what was set: where rows go hangs on no state of the session."""

    async def nothing(session: asyncpg.Connection[asyncpg.Record], _: Mapping[str, str]) -> None:
        await session.execute("SET search_path TO ''")

    await migrate(database)
    monkeypatch.setattr("consumer.storage.postgres.database.set_up", nothing)
    async with await TagStore.open(database) as store, await TagReader.open(database) as reader:
        await store.write_batch([row("a", extracted=1), row("b"), tombstone("b", removed=5)])
        await store.write_batch([row("a", extracted=2)])
        await store.embeddings_settled()
        await store.ping()
        assert [match.asset.asset_id for match in await reader.search(TagQuery(text="a"))] == ["a"]
        assert len(await like(reader, LikeQuery(embedding(), MODEL))) == 1
        assert await reader.asset("b") is None


async def test_transaction_mode_is_refused_in_a_sentence(
    stack_environment: Mapping[str, str], database: DatabaseConnection
) -> None:
    """By every door, and with other clients' traffic on the same sessions; nothing was made or written."""
    with pgbouncer(stack_environment["AEGIS_PG_DSN"], "pool_mode=transaction", "default_pool_size=4", IGNORED) as dsn:
        pooled = _through(dsn, database)
        async with asyncio.TaskGroup() as others:
            traffic = [others.create_task(_ask(dsn)) for _ in range(3)]
            for _ in range(10):
                for door in (migrate, check_schema, TagStore.open, TagReader.open):
                    with pytest.raises(PoolerModeError, match="use session mode"):
                        await door(pooled)
            for task in traffic:
                task.cancel()
    direct = await asyncpg.connect(database.dsn.get_secret_value())
    assert not await direct.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname = $1", database.db_schema)
    await direct.close()


async def _ask(dsn: str) -> None:
    session = await asyncpg.connect(dsn, statement_cache_size=0)
    while True:
        await session.execute("SELECT 1")


async def test_a_pooler_whose_sessions_are_all_taken_is_no_transaction_mode(
    stack_environment: Mapping[str, str], database: DatabaseConnection
) -> None:
    """Its second session waits for ever; ours is one of the server's own all the same."""
    await migrate(database)
    with pgbouncer(stack_environment["AEGIS_PG_DSN"], "pool_mode=session", "default_pool_size=1") as dsn:
        await check_schema(_through(dsn, database))


async def test_what_a_pooler_will_never_take_is_no_outage(
    stack_environment: Mapping[str, str], database: DatabaseConnection
) -> None:
    with (
        pgbouncer(stack_environment["AEGIS_PG_DSN"], "pool_mode=session") as dsn,
        pytest.raises(DatabaseSetupError, match="ignore_startup_parameters"),
    ):
        await check_schema(_through(f"{dsn}?options=-c%20work_mem%3D8MB", database))


async def test_the_outage_behind_a_pooler_is_an_outage(
    stack: Stack, stack_environment: Mapping[str, str], database: DatabaseConnection
) -> None:
    """PgBouncer tells of it by the same SQLSTATE as of what it will never take."""
    await migrate(database)
    fast = ("pool_mode=session", "server_login_retry=1", "query_wait_timeout=3")
    with pgbouncer(stack_environment["AEGIS_PG_DSN"], *fast) as dsn:
        async with await TagStore.open(_through(dsn, database)) as store:
            await store.write_batch([row("before")])
            stack.stop("postgres", kill=True)

            async def away() -> bool:
                # Its sessions outlive the server by a moment.
                try:
                    await store.write_isolating([row("meanwhile")])
                except DatabaseUnavailableError:
                    return True
                return False

            try:
                await eventually(away, "the sessions have ended")
                for _ in range(2):
                    with pytest.raises(DatabaseUnavailableError):
                        await store.write_isolating([row("after")])
            finally:
                stack.start("postgres")

            async def stored() -> bool:
                try:
                    return await store.write_isolating([row("after")]) == [None]
                except DatabaseUnavailableError:
                    return False

            await eventually(stored, "the store writes again")
