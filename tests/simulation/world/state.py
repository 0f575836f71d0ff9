"""What all parts of one simulated world share: its plan, its chance, its clock, and what was seen."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING

from tests.simulation.plan import FaultKind, Plan
from tests.simulation.promises import Promise, Violation

if TYPE_CHECKING:
    from tests.simulation.world.clock import VirtualLoop
    from tests.simulation.world.processes import SimulatedProcess

_NOT_OF_GROUP = {
    FaultKind.TOPIC_MADE_ANEW,
    FaultKind.DEAF_CONSUMER,
    FaultKind.STUCK_PROCESS,
    FaultKind.STORE_OUTAGE,
    FaultKind.REWIND,
}


class State:
    """Chance and faults; whoever lives in the world asks here whether something goes wrong."""

    def __init__(self, plan: Plan, loop: VirtualLoop, *, recording: bool) -> None:
        self.plan = plan
        self.loop = loop
        self.rng = random.Random(plan.seed * 2 + 1)
        self.is_faulty = True
        self.violations: list[Violation] = []
        self.timeline: list[str] | None = [] if recording else None
        self.counts: Counter[str] = Counter()
        self.processes: list[SimulatedProcess] = []
        self._away = {
            kind: [(fault.at_seconds, fault.at_seconds + fault.seconds) for fault in plan.faults if fault.kind is kind]
            for kind in FaultKind
        }

    @property
    def is_calm(self) -> bool:
        """Whether brokers answer whatever is asked, and nobody leaves the group before it could tell something."""
        return not self.plan.rates["lag fails"] and {fault.kind for fault in self.plan.faults} <= _NOT_OF_GROUP

    def note(self, text: str) -> None:
        """Enter what happened into the timeline, where somebody will read it."""
        if self.timeline is not None:
            self.timeline.append(f"{self.loop.now:8.3f} s  {text}")

    def broken(self, promise: Promise, text: str) -> None:
        self.violations.append(Violation(promise, text))
        self.note(f"BROKEN: {promise.value} {text}")

    def flip(self, name: str) -> bool:
        """Tell whether something small goes wrong now, by the plan's rate of it."""
        return self.is_faulty and self.plan.rates[name] > self.rng.random()

    def lasts(self, kind: FaultKind) -> bool:
        """Tell whether a fault with a duration is under way."""
        return self.is_faulty and any(begin <= self.loop.now < end for begin, end in self._away[kind])

    async def delay(self, shortest_seconds: float = 0.001, longest_seconds: float = 0.05) -> None:
        await asyncio.sleep(self.rng.uniform(shortest_seconds, longest_seconds))
