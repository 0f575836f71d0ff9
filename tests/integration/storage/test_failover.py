"""A primary that becomes a standby: what writes drops its connections, and finds the new primary by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncpg
import pytest

from consumer.storage.errors import DatabaseReadOnlyError, DatabaseUnavailableError
from consumer.storage.postgres.database import connect
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.tags import TagStore
from devstack.state import LOOPBACK, free_port
from schemas.connections import DatabaseConnection
from testkit.kafka_tools import eventually
from testkit.postgres_servers import MovingAddress, Server, primary_and_standby
from tests.unit.storage.samples import row


@dataclass(frozen=True, slots=True)
class Pair:
    primary: Server
    standby: Server

    def fail_over(self) -> None:
        """Promote the standby; the old primary comes back as a standby."""
        self.primary.stop()
        self.standby.promote()
        self.primary.start_as_standby()

    async def replicated(self, asset_id: str) -> None:
        async def there() -> bool:
            try:
                return await stored(self.standby, asset_id)
            except asyncpg.UndefinedTableError:
                return False

        await eventually(there, f"the standby has {asset_id}")


@pytest.fixture
def pair() -> Iterator[Pair]:
    with primary_and_standby() as servers:
        yield Pair(*servers)


@pytest.fixture
async def address(pair: Pair) -> AsyncIterator[MovingAddress]:
    async with MovingAddress(pair.primary.port).listening() as moving:
        yield moving


async def stored(server: Server, asset_id: str) -> bool:
    session = await asyncpg.connect(server.dsn)
    try:
        return bool(await session.fetchval("SELECT EXISTS (SELECT FROM aegis.assets WHERE asset_id = $1)", asset_id))
    finally:
        await session.close()


async def read_only(server: Server, value: str) -> None:
    """Set the server to read only, or back, as an operator does: connections that are there stay."""
    session = await asyncpg.connect(server.dsn)
    await session.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    await session.execute("SELECT pg_reload_conf()")
    await session.close()


async def test_after_a_promotion_the_address_alone_leads_to_the_new_primary(pair: Pair, address: MovingAddress) -> None:
    """The old one answers as a standby for as long as the address leads there; nothing is taken for stored then."""
    connection = DatabaseConnection(dsn=f"postgresql://aegis@{LOOPBACK}:{address.port}/aegis_ai")
    await migrate(connection)
    async with await TagStore.open(connection) as store:
        await store.write_batch([row("before")])
        await pair.replicated("before")
        pair.fail_over()
        for _ in range(2):
            with pytest.raises(DatabaseUnavailableError):
                await store.write_batch([row("after")])
        with pytest.raises(DatabaseReadOnlyError, match="takes writes"):
            await store.ping()
        address.leads_to = pair.standby.port
        await store.write_batch([row("after")])
        await store.ping()
    assert await stored(pair.standby, "after")
    assert not await stored(pair.primary, "after")


async def test_a_connection_that_became_read_only_is_not_used_again(pair: Pair, address: MovingAddress) -> None:
    """Its server lives on, and so does the connection; the address leads new ones elsewhere."""
    connection = DatabaseConnection(dsn=f"postgresql://aegis@{LOOPBACK}:{address.port}/aegis_ai")
    await migrate(connection)
    async with await TagStore.open(connection) as store:
        await asyncio.gather(*(store.write_batch([row(f"before-{number}")]) for number in range(4)))
        await pair.replicated("before-3")
        await read_only(pair.primary, "on")
        pair.standby.promote()
        address.leads_to = pair.standby.port

        async def refused() -> bool:
            try:
                await store.write_batch([row("after")])
            except DatabaseReadOnlyError:
                return True
            return False

        await eventually(refused, "the old server has read its settings again")
        await store.write_batch([row("after")])
    assert await stored(pair.standby, "after")


async def test_of_several_hosts_writers_find_the_one_that_takes_writes(pair: Pair) -> None:
    """Without target_session_attrs; one host of them is gone. Readers take whichever answers."""
    hosts = f"{LOOPBACK}:{free_port()},{LOOPBACK}:{pair.standby.port},{LOOPBACK}:{pair.primary.port}"
    connection = DatabaseConnection(dsn=f"postgresql://aegis@{hosts}/aegis_ai")
    await migrate(connection)
    async with await TagStore.open(connection) as store:
        await store.write_batch([row("before")])
        await pair.replicated("before")
        pair.fail_over()
        with pytest.raises(DatabaseUnavailableError):
            await store.write_batch([row("after")])
        await store.write_batch([row("after")])
    assert await stored(pair.standby, "after")
    standby_first = DatabaseConnection(dsn=f"{pair.primary.dsn}?target_session_attrs=standby")
    async with await TagReader.open(standby_first) as reader:
        assert await reader.asset("before") is not None
    with pytest.raises(DatabaseReadOnlyError, match="target_session_attrs=read-write"):
        await connect(DatabaseConnection(dsn=pair.primary.dsn))


async def test_a_database_set_to_read_only_is_unready_until_it_takes_writes(pair: Pair) -> None:
    connection = DatabaseConnection(dsn=pair.primary.dsn)
    await migrate(connection)
    async with await TagStore.open(connection) as store:
        await store.ping()
        await read_only(pair.primary, "on")

        async def problem() -> str | None:
            try:
                await store.ping()
            except DatabaseReadOnlyError as error:
                return str(error)
            return None

        async def unready() -> bool:
            return "takes" in (await problem() or "")

        async def ready() -> bool:
            return await problem() is None

        await eventually(unready, "the store says that it cannot write")
        await read_only(pair.primary, "off")
        await eventually(ready, "the store writes again")
        await store.write_batch([row("after")])


async def test_a_user_without_the_rights_is_unready_and_told_which(pair: Pair) -> None:
    owner = DatabaseConnection(dsn=pair.primary.dsn)
    await migrate(owner)
    session = await connect(owner)
    await session.execute(
        "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA aegis TO reader; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA aegis TO reader; GRANT INSERT ON aegis.asset_tags TO reader"
    )
    await session.close()
    connection = DatabaseConnection(dsn=pair.primary.dsn.replace("aegis@", "reader@"))
    async with await TagStore.open(connection) as store:
        with pytest.raises(DatabaseUnavailableError, match=r"INSERT on assets, .*grant it"):
            await store.ping()
