"""Starting aiokafka's clients, and ending them for certain.

Its own way to end waits for brokers, and one that is cut short leaves ghosts.

A ghost consumer goes on with its heartbeats and holds partitions that nobody reads; a ghost producer goes on trying,
and writes what it held after all that was written since. Their tasks are private, so this file is tied to the pinned
version; tests hold it against brokers that are killed and brokers that freeze.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import ProducerClosed

_log = structlog.get_logger(__name__)
_MOMENT_SECONDS: Final = 2.0
_TASKS: Final = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_fetch_task")


@asynccontextmanager
async def started_consumer(
    consumer: AIOKafkaConsumer, close_seconds: float = _MOMENT_SECONDS
) -> AsyncIterator[AIOKafkaConsumer]:
    """Start a consumer for the length of a block; raises KafkaError where the brokers do not let it."""
    try:
        await consumer.start()
        yield consumer
    finally:
        await close_consumer(consumer, close_seconds)


@asynccontextmanager
async def started_admin(admin: AIOKafkaAdminClient) -> AsyncIterator[AIOKafkaAdminClient]:
    """Start an admin client for the length of a block; raises KafkaError where the brokers do not answer."""
    try:
        await admin.start()
        yield admin
    finally:
        await _ends_well(admin.close(), _MOMENT_SECONDS)


async def close_consumer(consumer: AIOKafkaConsumer, timeout_seconds: float) -> None:
    """Leave the group and close; where the brokers do not let us in time, end everything without a word to them."""
    if await _ends_well(consumer.stop(), timeout_seconds):
        return
    _log.warning("consumer.abandoned", help="its group notices when the session times out")
    await abandon_consumer(consumer)


async def abandon_consumer(consumer: AIOKafkaConsumer) -> None:
    """End everything without a word to the brokers; it joins no group again."""
    consumer._closed = True  # noqa: SLF001 - see above
    owners = (consumer._coordinator, consumer._fetcher)  # noqa: SLF001 - see above
    tasks = [getattr(owner, name, None) for owner in owners for name in _TASKS]
    tasks += getattr(consumer._fetcher, "_pending_tasks", ())  # noqa: SLF001 - see above
    await _cancel(tasks)
    await _ends_well(consumer._client.close(), _MOMENT_SECONDS)  # noqa: SLF001 - see above


def stop_joining(consumer: AIOKafkaConsumer) -> None:
    """Keep a consumer whose group refused it from joining again; it is only good for being abandoned."""
    consumer._coordinator._coordination_task.cancel()  # noqa: SLF001 - see above


async def abandon_producer(producer: AIOKafkaProducer) -> None:
    """Close without flushing: what was not acknowledged is given up here, and fails for whoever waits for it."""
    producer._closed = True  # noqa: SLF001 - see above
    sender, client = producer._sender.sender_task, producer.client  # noqa: SLF001 - see above
    if sender is not None:
        sender.cancel()
    await _ends_well(client.close(), _MOMENT_SECONDS)
    # A cancelled sender waits for its requests, and these for metadata that nobody fetches any more.
    metadata = client._md_update_fut  # noqa: SLF001 - see above
    if metadata is not None and not metadata.done():
        metadata.set_result(False)
    await _cancel([sender])
    held = producer._message_accumulator  # noqa: SLF001 - see above
    held.fail_all(ProducerClosed())
    for batch in (*chain.from_iterable(held._batches.values()), *held._pending_batches):  # noqa: SLF001 - see above
        batch._drain_waiter.exception()  # noqa: SLF001 - retrieved, so that asyncio does not complain


async def _cancel(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    running = {task for task in tasks if task is not None and not task.done()}
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running, timeout=_MOMENT_SECONDS)


async def _ends_well(work: Coroutine[Any, Any, object], timeout_seconds: float) -> bool:
    """Return whether the work ended in time without an error; in a task of its own, since it may cancel itself."""
    task = asyncio.create_task(work)
    await asyncio.wait({task}, timeout=timeout_seconds)
    if not task.done():
        await _cancel([task])
        return False
    return not task.cancelled() and task.exception() is None
