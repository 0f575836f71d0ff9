"""The consumer group: who owns which partitions, and what is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from tests.simulation.promises import Promise
from tests.simulation.world.source import TOPIC

if TYPE_CHECKING:
    from tests.simulation.world.consumer import SimulatedConsumer
    from tests.simulation.world.state import State

REBALANCE_TIMEOUT_SECONDS = 15.0
_FOR_EVER = float("inf")


class Group:
    """Eager rebalances, as aiokafka knows them: all members give everything away, and get a new share."""

    def __init__(self, state: State, label: Callable[[], str]) -> None:
        self._state = state
        self._label = label
        self.members: list[SimulatedConsumer] = []
        self.generation = 0
        self.committed: dict[int, int] = {}
        self.labels: dict[int, str] = {}
        self._wanted = asyncio.Event()

    def reached(self, partition: int) -> int:
        """Return the offset that is committed in the topic that is there; commits of another say so."""
        is_of_it = self.labels.get(partition, "") in {"", self._label()}
        return self.committed.get(partition, 0) if is_of_it else 0

    def rebalance(self) -> None:
        """Let the group distribute its partitions anew, soon."""
        self._wanted.set()

    def silence(self, member: SimulatedConsumer, seconds: float = _FOR_EVER) -> None:
        """Cut a member off from the group, not from the brokers: its partitions go to others, and it is not told."""
        member.hears_group_at = self._state.loop.now + seconds
        self.rebalance()
        if seconds < _FOR_EVER:
            self._state.loop.call_later(seconds, self.rebalance)

    async def run(self) -> None:
        while True:
            await self._wanted.wait()
            await self._state.delay(0.05, 1.0)
            self._wanted.clear()
            await self._rebalance()

    async def _rebalance(self) -> None:
        self.members = [member for member in self.members if not member.is_gone]
        joining = [member for member in self.members if member.hears_group]
        self._state.counts["rebalances"] += 1
        for member in joining:
            member.settled.clear()
        await asyncio.gather(*(self._revoke(member) for member in joining))
        self.generation += 1
        joining = [member for member in joining if not member.is_gone and member.hears_group]
        order = list(range(self._state.plan.partitions))
        self._state.rng.shuffle(order)
        shares = [{TopicPartition(TOPIC, number) for number in order[at :: len(joining)]} for at in range(len(joining))]
        self._state.note(f"the group has generation {self.generation} and {len(joining)} members")
        await asyncio.gather(*(self._assign(member, share) for member, share in zip(joining, shares, strict=True)))

    async def _revoke(self, member: SimulatedConsumer) -> None:
        began_at = self._state.loop.now
        telling = asyncio.ensure_future(member.listener.on_partitions_revoked(member.assignment()))
        await self._answered(member, telling)
        if not telling.done() and not member.is_gone and member.hears_group:
            seconds = self._state.loop.now - began_at
            self._state.broken(Promise.ENDS_WHEN_TOLD, f"{member.process.name} held up a rebalance for {seconds:.0f} s")

    async def _assign(self, member: SimulatedConsumer, share: set[TopicPartition]) -> None:
        member.take(share, self.generation)
        # Records may be fetched before the listener has its turn.
        if self._state.flip("member is late"):
            await self._state.delay(0.01, 0.3)
        await self._answered(member, asyncio.ensure_future(member.listener.on_partitions_assigned(share)))

    async def _answered(self, member: SimulatedConsumer, telling: asyncio.Future[None]) -> None:
        """Wait for a member, unless it dies or takes too long."""
        await asyncio.wait(
            [telling, member.process.died], timeout=REBALANCE_TIMEOUT_SECONDS, return_when="FIRST_COMPLETED"
        )
        if telling.done():
            telling.result()
