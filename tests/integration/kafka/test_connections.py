"""No connection to a broker outlives its client, however the client ends."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.client import AIOKafkaClient, ConnectionGroup

import consumer.kafka  # noqa: F401 - it is what closes them
from devstack import Stack
from testkit.freezing import frozen
from testkit.kafka_tools import eventually

_SIZE = struct.Struct(">i")


async def test_a_start_that_is_cut_short_leaves_no_connection(kafka_bootstrap: str) -> None:
    async with _relay_of_one_answer(kafka_bootstrap) as (bootstrap, open_connections):
        client = AIOKafkaClient(bootstrap_servers=bootstrap)
        starting = asyncio.create_task(client.bootstrap())
        await eventually(lambda: len(open_connections) == 1, "it asks for the brokers")
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting

        await eventually(lambda: not open_connections, "the connection is closed")


async def test_a_connection_that_comes_after_its_client_closed_is_closed_too(
    kafka: Stack, kafka_bootstrap: str
) -> None:
    client = AIOKafkaClient(bootstrap_servers=kafka_bootstrap)
    await client.bootstrap()
    node = client.get_random_node()
    with frozen(kafka, "kafka"):
        asking = asyncio.create_task(client.ready(node, group=ConnectionGroup.COORDINATION))
        await asyncio.sleep(0.1)
        assert not asking.done()
        await client.close()
    await asking

    assert not any(connection.connected() for connection in client._conns.values())


async def test_a_client_that_closed_may_start_again(kafka_bootstrap: str) -> None:
    client = AIOKafkaClient(bootstrap_servers=kafka_bootstrap)
    for _ in range(2):
        await client.bootstrap()
        assert await client.fetch_all_metadata()
        await client.close()


@asynccontextmanager
async def _relay_of_one_answer(bootstrap: str) -> AsyncIterator[tuple[str, set[asyncio.StreamWriter]]]:
    """Relay to a broker whose first answer of a connection gets through, and no more; also who waits for the next."""
    host, _, port = bootstrap.rpartition(":")
    waiting: set[asyncio.StreamWriter] = set()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection(host, int(port))
        try:
            questions.write(await _frame(reader))
            writer.write(await _frame(answers))
            await _frame(reader)
            waiting.add(writer)
            await reader.read()
            waiting.discard(writer)
        finally:
            for end in (questions, writer):
                end.close()
                await end.wait_closed()

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", waiting


async def _frame(reader: asyncio.StreamReader) -> bytes:
    size = await reader.readexactly(_SIZE.size)
    return size + await reader.readexactly(*_SIZE.unpack(size))
