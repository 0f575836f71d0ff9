"""Questions that come in one turn of the event loop, answered together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Gathering(Generic[Q, A]):
    """Asks a function about many things at once, where that costs little more than asking about one.

    Nothing waits longer than for the event loop's next turn.
    """

    def __init__(self, answer: Callable[[Sequence[Q]], Sequence[A]]) -> None:
        self._answer = answer
        self._asked: list[tuple[Q, asyncio.Future[A]]] = []

    async def ask(self, question: Q) -> A:
        """Return the answer to this question.

        Raises:
            Exception: what the function raised about this question alone; those gathered with it are not affected.

        """
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._answer_all)
        result: asyncio.Future[A] = loop.create_future()
        self._asked.append((question, result))
        return await result

    def _answer_all(self) -> None:
        asked = [(question, result) for question, result in self._asked if not result.done()]
        self._asked = []
        if not asked:
            return
        try:
            answers = self._answer([question for question, _ in asked])
        except Exception:  # noqa: BLE001 - found again, and told to the one whose it is
            for question, result in asked:
                self._answer_alone(question, result)
            return
        for (_, result), answer in zip(asked, answers, strict=True):
            result.set_result(answer)

    def _answer_alone(self, question: Q, result: asyncio.Future[A]) -> None:
        try:
            (answer,) = self._answer([question])
        except Exception as error:  # noqa: BLE001 - whoever asked gets it
            result.set_exception(error)
        else:
            result.set_result(answer)
