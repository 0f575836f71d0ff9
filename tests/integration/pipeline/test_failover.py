"""A standby is promoted under a running sink: it says that it cannot write, and goes on by itself when it can."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from devstack.state import LOOPBACK
from schemas import encode_event
from testkit.corner import make_corner
from testkit.kafka_tools import eventually, write
from testkit.postgres_servers import MovingAddress, Server, primary_and_standby
from testkit.running import Pipeline, ServiceProcess
from tests.unit.storage.samples import tagged_event


async def test_after_a_promotion_a_sink_stores_without_a_hand(
    stack_environment: Mapping[str, str], tmp_path: Path
) -> None:
    """The old primary is back as a standby and holds the address for a while, as a Service of Kubernetes may."""
    with primary_and_standby() as (old, new):
        async with MovingAddress(old.port).listening() as address:
            dsn = f"postgresql://aegis@{LOOPBACK}:{address.port}/aegis_ai"
            corner = await asyncio.to_thread(make_corner, stack_environment, tmp_path, AEGIS_PG_DSN=dsn)
            sink = corner.service("sink")
            sink.start()
            try:
                await _tagged(corner, "before")
                await eventually(lambda: _stored(new, corner, "before"), "stored, and replicated")
                await asyncio.to_thread(_fail_over, old, new)
                await _tagged(corner, "after")
                await eventually(lambda: "takes" in _database(sink), "the sink is unready while it cannot write")
                address.leads_to = new.port
                await eventually(lambda: _stored(new, corner, "after"), "stored on the new primary")
                await eventually(lambda: _database(sink) == "ok", "the sink is ready again")
                assert await asyncio.to_thread(sink.stop) == 0
            finally:
                corner.end()


def _fail_over(old: Server, new: Server) -> None:
    old.stop()
    new.promote()
    old.start_as_standby()


def _database(sink: ServiceProcess) -> str:
    return sink.readiness().get("database", "")


async def _tagged(corner: Pipeline, asset_id: str) -> None:
    event = tagged_event(asset_id=asset_id)
    await write(corner.bootstrap, corner.topics.tagged, [(asset_id.encode(), encode_event(event))])


async def _stored(server: Server, corner: Pipeline, asset_id: str) -> bool:
    session = await asyncpg.connect(server.dsn)
    query = f"SELECT EXISTS (SELECT FROM {corner.environment['AEGIS_PG_SCHEMA']}.assets WHERE asset_id = $1)"  # noqa: S608 - a name of our own
    try:
        return bool(await session.fetchval(query, asset_id))
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await session.close()
