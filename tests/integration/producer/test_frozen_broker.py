"""`aegis dlq` while Kafka no longer answers: Ctrl-C ends it, and nothing of it is lost or done twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence

import pytest

from devstack import Stack
from testkit.freezing import frozen
from testkit.kafka_tools import eventually, write
from tests.integration.producer.test_dead_letters import Box, box, command
from tests.unit.producer.commands import Aegis

__all__ = ["box", "command"]

_LETTERS = 60
_ENDS_WITHIN_SECONDS = 15
_OPTIONS: dict[str, tuple[str, ...]] = {"redrive": (), "drop": ("--yes", "--reason", "test")}


async def _bury(box: Box) -> None:
    records: Sequence[tuple[bytes | None, bytes | None]] = [(f"k{number}".encode(), b"v") for number in range(_LETTERS)]
    for place, (key, value) in zip(await write(box.bootstrap, box.source, records, partition=0), records, strict=True):
        await box.bury(place, key, value)


async def test_a_redrive_ends_and_the_next_one_does_the_rest(kafka: Stack, box: Box, command: Aegis) -> None:
    await _bury(box)
    with command.start("dlq", "redrive", "--all", "--rate", "5") as process:

        async def some() -> bool:
            return len(await box.source_records()) >= _LETTERS + 3

        await eventually(some, "some letters are put back", 60)
        with frozen(kafka, "kafka"):
            await asyncio.sleep(1)
            process.send_signal(signal.SIGINT)
            await asyncio.to_thread(process.communicate, timeout=_ENDS_WITHIN_SECONDS)

    assert process.returncode == 130
    done = await asyncio.to_thread(command.run, "dlq", "redrive", "--all")
    assert done.returncode == 0, done.stderr
    assert await box.waiting() == []
    assert len({(record.key, record.offset) for record in await box.source_records()}) == 2 * _LETTERS


@pytest.mark.parametrize("verb", _OPTIONS)
async def test_a_command_that_has_not_begun_ends(kafka: Stack, box: Box, command: Aegis, verb: str) -> None:
    await _bury(box)
    with frozen(kafka, "kafka"), command.start("dlq", verb, "--all", *_OPTIONS[verb]) as process:
        await asyncio.sleep(3)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        await asyncio.to_thread(process.communicate, timeout=_ENDS_WITHIN_SECONDS)

    assert process.returncode == 130
    assert len(await box.waiting()) == _LETTERS
