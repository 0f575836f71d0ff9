"""Records wait for the sink: one question for all of them, and a sink that is away is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from consumer.kafka.records import SourceRecord
from consumer.services import sink_progress
from consumer.services.sink_progress import Place, SinkProgress


def record(offset: int, partition: int = 0) -> SourceRecord:
    return SourceRecord("tagged", partition, offset, 0, b"key", b"{}")


class Sink:
    """What its group has committed, or why that is not known."""

    def __init__(self) -> None:
        self.committed: dict[Place, int] = {}
        self.error: Exception | None = None
        self.questions = 0

    async def ask(self) -> Mapping[Place, int]:
        self.questions += 1
        if self.error is not None:
            raise self.error
        return dict(self.committed)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_LOOK_SECONDS", "_UNKNOWN_SECONDS", "_LONG_SECONDS"):
        monkeypatch.setattr(sink_progress, name, 0.01)


async def test_a_record_waits_until_the_group_has_committed_it() -> None:
    sink = Sink()
    progress = SinkProgress("sink", sink.ask)
    waiting = asyncio.create_task(progress.until_stored(record(3)))
    await asyncio.sleep(0.05)
    sink.committed["tagged", 0] = 3
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert "group sink has not stored" in str(progress.problem)

    sink.committed["tagged", 0] = 4
    await waiting

    assert progress.problem is None


async def test_what_is_known_to_be_stored_asks_nothing() -> None:
    sink = Sink()
    sink.committed["tagged", 0] = 100
    progress = SinkProgress("sink", sink.ask)
    await progress.until_stored(record(0))
    questions = sink.questions

    await asyncio.gather(*(progress.until_stored(record(offset)) for offset in range(100)))

    assert sink.questions == questions


async def test_all_that_wait_share_a_question() -> None:
    sink = Sink()
    progress = SinkProgress("sink", sink.ask)
    sink.committed["tagged", 1] = sink.committed["tagged", 0] = 50

    await asyncio.gather(*(progress.until_stored(record(offset, offset % 2)) for offset in range(50)))

    assert sink.questions == 1


async def test_while_the_brokers_do_not_tell_all_wait_and_the_reason_is_told() -> None:
    sink = Sink()
    sink.error = ConnectionError("no broker answers")
    progress = SinkProgress("sink", sink.ask)
    waiting = asyncio.create_task(progress.until_stored(record(0)))
    await asyncio.sleep(0.05)
    assert progress.problem == "the sink's progress is not known: no broker answers"

    sink.error, sink.committed["tagged", 0] = None, 1
    await waiting

    assert progress.problem is None
