"""Micro-batches: every item gets its own row, a bad one fails alone, and no thread rests while there is work."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import numpy.typing as npt
import pytest

from consumer.tagging.inference.compute import ComputeClosedError, ComputePool

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
    pool = ComputePool(Doubler(), threads=2, max_batch=4, max_wait_ms=2)
    rows = await asyncio.gather(*(pool.submit(item(number)) for number in range(50) if number != 13))
    await pool.close()
    assert [int(row[0]) for row in rows] == [number * 2 for number in range(50) if number != 13]


async def test_a_lone_item_does_not_wait_for_company() -> None:
    double = Doubler()
    pool = ComputePool(double, threads=1, max_batch=8, max_wait_ms=3_600_000)
    assert int((await pool.submit(item(4)))[0]) == 8
    await pool.close()
    assert double.sizes == [1]


async def test_items_gather_while_the_worker_is_busy() -> None:
    double = Doubler()
    double.gate.clear()
    pool = ComputePool(double, threads=1, max_batch=4, max_wait_ms=1)
    waiting = [asyncio.create_task(pool.submit(item(number))) for number in range(9)]
    await asyncio.sleep(0.05)
    double.gate.set()
    await asyncio.gather(*waiting)
    await pool.close()
    assert double.sizes == [1, 4, 4]


async def test_a_bad_item_fails_alone() -> None:
    double = Doubler()
    double.gate.clear()
    pool = ComputePool(double, threads=1, max_batch=4, max_wait_ms=1)
    waiting = [asyncio.create_task(pool.submit(item(number))) for number in (1, 13, 3)]
    await asyncio.sleep(0.05)
    double.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    await pool.close()
    assert isinstance(results[1], ValueError)
    assert [int(row[0]) for row in (results[0], results[2]) if isinstance(row, np.ndarray)] == [2, 6]


async def test_close_finishes_what_was_submitted_and_takes_no_more() -> None:
    pool = ComputePool(Doubler(), threads=1, max_batch=2, max_wait_ms=1)
    waiting = [asyncio.create_task(pool.submit(item(number))) for number in range(5)]
    await asyncio.sleep(0)
    await pool.close()
    assert [int((await one)[0]) for one in waiting] == [0, 2, 4, 6, 8]
    with pytest.raises(ComputeClosedError):
        await pool.submit(item(1))


async def test_a_cancelled_caller_disturbs_nobody() -> None:
    double = Doubler()
    double.gate.clear()
    pool = ComputePool(double, threads=1, max_batch=4, max_wait_ms=1)
    first, second = (asyncio.create_task(pool.submit(item(number))) for number in (1, 2))
    await asyncio.sleep(0.02)
    first.cancel()
    double.gate.set()
    assert int((await second)[0]) == 4
    await pool.close()


async def test_a_task_gives_what_it_returns_or_raises() -> None:
    pool = ComputePool(Doubler(), threads=1, max_batch=4, max_wait_ms=1000)
    assert await pool.run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await pool.run(lambda: 1 // 0)
    await pool.close()
    with pytest.raises(ComputeClosedError):
        await pool.run(lambda: 7)


async def worked_off(*, max_batch: int, max_wait_ms: float) -> tuple[list[str], list[int]]:
    """Let one thread find three items and two tasks at once; return the order of the work, and the batches' sizes."""
    double, done = Doubler(), list[str]()
    pool = ComputePool(
        double, threads=1, max_batch=max_batch, max_wait_ms=max_wait_ms, on_batch=lambda *_: done.append("batch")
    )
    gate = threading.Event()
    first = asyncio.create_task(pool.run(lambda: gate.wait(10)))
    await asyncio.sleep(0.02)
    items = [asyncio.create_task(pool.submit(item(number))) for number in range(3)]
    tasks = [asyncio.create_task(pool.run(lambda: done.append("task"))) for _ in range(2)]
    await asyncio.sleep(0.02)
    gate.set()
    await asyncio.gather(first, *items, *tasks)
    await pool.close()
    return done, double.sizes


async def test_tasks_come_before_a_batch_that_is_not_full() -> None:
    assert await worked_off(max_batch=8, max_wait_ms=60_000) == (["task", "task", "batch"], [3])


async def test_a_full_batch_comes_before_tasks() -> None:
    assert await worked_off(max_batch=3, max_wait_ms=60_000) == (["batch", "task", "task"], [3])


async def test_what_waited_too_long_comes_before_tasks() -> None:
    assert await worked_off(max_batch=8, max_wait_ms=0) == (["batch", "task", "task"], [3])
