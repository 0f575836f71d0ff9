"""A commit that was given up fails in silence, and one that is waited for with its error."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaConnectionError

from consumer.kafka.patches.commits import seen
from consumer.kafka.records import SourceRecord


async def _given_up(wrap: Callable[[Any], Any]) -> list[str]:
    """Return what asyncio tells of a shielded commit that fails after nobody waits for it any more."""
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
    closed = asyncio.Event()

    async def commit() -> None:
        await closed.wait()
        raise KafkaConnectionError("the broker is gone")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(wrap(commit)()), 0.01)
    closed.set()
    await asyncio.sleep(0.01)
    gc.collect()
    return told


async def test_a_commit_that_was_given_up_prints_no_stack_trace() -> None:
    assert await _given_up(lambda commit: commit) == ["Task exception was never retrieved"]
    assert await _given_up(seen) == []


async def test_whoever_waits_for_a_commit_has_its_error() -> None:
    async def commit() -> None:
        raise KafkaConnectionError("the broker is gone")

    with pytest.raises(KafkaConnectionError):
        await asyncio.shield(seen(commit)())


def test_every_consumer_of_this_process_commits_so() -> None:
    assert SourceRecord.__module__ == "consumer.kafka.records"
    assert GroupCoordinator._do_commit_offsets.__code__.co_name == "commit_as_task"
