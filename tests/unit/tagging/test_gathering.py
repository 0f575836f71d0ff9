"""Questions of one turn of the event loop are answered together, and each alone where one of them is bad."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from consumer.tagging.gathering import Gathering


class Doubler:
    """Doubles; refuses 13."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.asked.append(list(numbers))
        if 13 in numbers:
            raise ValueError("unlucky")
        return [number * 2 for number in numbers]


async def test_questions_of_one_turn_are_answered_together() -> None:
    double = Doubler()
    gathering = Gathering(double)
    assert await asyncio.gather(*map(gathering.ask, (1, 2, 3))) == [2, 4, 6]
    assert await gathering.ask(4) == 8
    assert double.asked == [[1, 2, 3], [4]]


async def test_a_bad_question_fails_alone() -> None:
    gathering = Gathering(Doubler())
    first, second, third = await asyncio.gather(*map(gathering.ask, (1, 13, 3)), return_exceptions=True)
    assert (first, third) == (2, 6)
    assert isinstance(second, ValueError)
    (alone,) = await asyncio.gather(gathering.ask(13), return_exceptions=True)
    assert isinstance(alone, ValueError)


async def test_who_was_cancelled_is_not_asked_for() -> None:
    double = Doubler()
    gathering = Gathering(double)
    gone, stays = (asyncio.ensure_future(gathering.ask(number)) for number in (1, 2))
    asyncio.get_running_loop().call_soon(gone.cancel)
    assert await stays == 4
    assert gone.cancelled()
    assert double.asked == [[2]]
