"""Micro-batches: every item gets its own row, and a bad one fails alone."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import numpy.typing as npt
import pytest

from consumer.tagging.batcher import BatcherClosedError, MicroBatcher

Array = npt.NDArray[np.int64]


class Doubler:
    """Doubles; refuses 13. ``gate`` holds it until set."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, batch: Array) -> Array:
        self.gate.wait(10)
        self.sizes.append(len(batch))
        if (batch == 13).any():
            raise ValueError("unlucky")
        return batch * 2


def item(number: int) -> Array:
    return np.array([number])


async def test_every_item_gets_its_own_row() -> None:
    batcher = MicroBatcher(Doubler(), workers=2, max_batch=4, max_wait_ms=2)
    rows = await asyncio.gather(*(batcher.submit(item(number)) for number in range(50) if number != 13))
    await batcher.close()
    assert [int(row[0]) for row in rows] == [number * 2 for number in range(50) if number != 13]


async def test_a_lone_item_does_not_wait_for_company() -> None:
    double = Doubler()
    batcher = MicroBatcher(double, workers=1, max_batch=8, max_wait_ms=3_600_000)
    assert int((await batcher.submit(item(4)))[0]) == 8
    await batcher.close()
    assert double.sizes == [1]


async def test_items_gather_while_the_worker_is_busy() -> None:
    double = Doubler()
    double.gate.clear()
    batcher = MicroBatcher(double, workers=1, max_batch=4, max_wait_ms=1)
    waiting = [asyncio.create_task(batcher.submit(item(number))) for number in range(9)]
    await asyncio.sleep(0.05)
    double.gate.set()
    await asyncio.gather(*waiting)
    await batcher.close()
    assert double.sizes == [1, 4, 4]


async def test_a_bad_item_fails_alone() -> None:
    double = Doubler()
    double.gate.clear()
    batcher = MicroBatcher(double, workers=1, max_batch=4, max_wait_ms=1)
    waiting = [asyncio.create_task(batcher.submit(item(number))) for number in (1, 13, 3)]
    await asyncio.sleep(0.05)
    double.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    await batcher.close()
    assert isinstance(results[1], ValueError)
    assert [int(row[0]) for row in (results[0], results[2]) if isinstance(row, np.ndarray)] == [2, 6]


async def test_close_finishes_what_was_submitted_and_takes_no_more() -> None:
    batcher = MicroBatcher(Doubler(), workers=1, max_batch=2, max_wait_ms=1)
    waiting = [asyncio.create_task(batcher.submit(item(number))) for number in range(5)]
    await asyncio.sleep(0)
    await batcher.close()
    assert [int((await one)[0]) for one in waiting] == [0, 2, 4, 6, 8]
    with pytest.raises(BatcherClosedError):
        await batcher.submit(item(1))


async def test_a_cancelled_caller_disturbs_nobody() -> None:
    double = Doubler()
    double.gate.clear()
    batcher = MicroBatcher(double, workers=1, max_batch=4, max_wait_ms=1)
    first, second = (asyncio.create_task(batcher.submit(item(number))) for number in (1, 2))
    await asyncio.sleep(0.02)
    first.cancel()
    double.gate.set()
    assert int((await second)[0]) == 4
    await batcher.close()
