"""Records of one key go on in the order they came; others do not wait for them."""

from __future__ import annotations

import asyncio
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.stream.partitions.lanes import KeyLanes

KEYS = st.lists(st.sampled_from([b"a", b"b", b"c", None]), min_size=1, max_size=30)


@settings(deadline=None)
@given(keys=KEYS, seed=st.integers())
def test_each_keys_records_publish_in_order_of_arrival(keys: list[bytes | None], seed: int) -> None:
    """However long each record's work takes."""

    async def run() -> list[tuple[bytes | None, int]]:
        lanes = KeyLanes()
        published: list[tuple[bytes | None, int]] = []
        rng = random.Random(seed)

        async def work(index: int, key: bytes | None, steps: int) -> None:
            turn = turns[index]
            for _ in range(steps):
                await asyncio.sleep(0)
            await turn.comes()
            published.append((key, index))
            turn.leave(done=True)

        turns = [lanes.enter(key) for key in keys]
        await asyncio.gather(*(work(index, key, rng.randrange(10)) for index, key in enumerate(keys)))
        assert len(lanes) == 0
        return published

    published = asyncio.run(run())

    assert len(published) == len(keys)
    for wanted in (b"a", b"b", b"c"):
        order = [index for key, index in published if key == wanted]
        assert order == sorted(order)


async def test_another_key_does_not_wait() -> None:
    """A slow record holds back only its own key."""
    lanes = KeyLanes()
    lanes.enter(b"slow")

    await asyncio.wait_for(lanes.enter(b"other").comes(), timeout=1)


async def test_records_without_a_key_do_not_wait_for_each_other() -> None:
    """Without a key there is no order to keep."""
    lanes = KeyLanes()
    lanes.enter(None)

    await asyncio.wait_for(lanes.enter(None).comes(), timeout=1)
    assert len(lanes) == 0


async def test_nobody_overtakes_a_record_that_left_without_its_outcome() -> None:
    """It is delivered again, and so must be all of its key that came after it; other keys go on."""
    lanes = KeyLanes()
    first, second, third = lanes.enter(b"k"), lanes.enter(b"k"), lanes.enter(b"k")
    other = lanes.enter(b"other")

    first.leave(done=False)

    assert not await second.comes()
    second.leave(done=False)
    assert not await third.comes()
    third.leave(done=False)
    assert not await lanes.enter(b"k").comes()
    assert await other.comes()
