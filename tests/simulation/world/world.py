"""One world: source topic, broker, group, database, processes, and the faults that come over them."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Final
from uuid import UUID

from consumer.stream.failures.breaker import BreakerState
from tests.simulation.plan import FAULTS_END_SECONDS, Fault, FaultKind, Plan, PlannedRecord, PlannedVerdict, Service
from tests.simulation.promises import Promise
from tests.simulation.world.broker import Broker
from tests.simulation.world.consumer import SimulatedConsumer
from tests.simulation.world.database import Database
from tests.simulation.world.group import Group
from tests.simulation.world.judge import Judge
from tests.simulation.world.processes import TELLS_STUCK_SECONDS, SimulatedProcess
from tests.simulation.world.reviewer import Reviewer
from tests.simulation.world.source import Partition
from tests.simulation.world.state import State

if TYPE_CHECKING:
    from tests.simulation.world.clock import VirtualLoop

_PATIENCE_SECONDS: Final = 600.0
_SUPERVISOR_LOOKS_SECONDS: Final = 5.0


class World:
    """Runs a plan from its first record to its verdict."""

    def __init__(self, plan: Plan, loop: VirtualLoop, *, recording: bool) -> None:
        self.state = State(plan, loop, recording=recording)
        self.topic = [Partition(number) for number in range(plan.partitions)]
        self.topic_id = UUID(int=1)
        self.group = Group(self.state, lambda: self.label)
        self.database = Database(self.state)
        self.judge = Judge(self.state, self.topic, self.database)
        self.broker = Broker(self.judge.written)
        self._names = count(1)
        self._reviewer = Reviewer(self.state, self.database)
        self._tasks: list[asyncio.Task[None]] = []
        self._words: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        plan = self.state.plan
        self._begin(self.group.run())
        self._begin(self._supervise())
        for _ in range(plan.processes):
            self._start_process()
        await self._let_things_happen()
        self.state.is_faulty = False
        self.state.note("from here on nothing goes wrong any more")
        for process in self.state.processes:
            self._heal(process)
        await asyncio.gather(*self._words)
        await self._until_done()
        await self._stop_all()
        for task in self._tasks:
            if task.done():
                task.result()
        self.judge.verdict()
        if plan.service is Service.SINK:
            self._reviewer.verdict()

    @property
    def label(self) -> str:
        """What a commit says whose offset is one of the topic that is there; of another it counts for nobody."""
        return f"topic={self.topic_id}"

    def _begin(self, work: object) -> None:
        self._tasks.append(asyncio.ensure_future(work))  # type: ignore[call-overload]

    def _start_process(self) -> SimulatedProcess:
        process = SimulatedProcess(self, f"{self.state.plan.service.value}-{next(self._names)}")
        self.state.processes.append(process)
        self.state.note(f"{process.name} starts")
        return process

    async def _let_things_happen(self) -> None:
        """Publish, review and break things, each at its time."""
        plan = self.state.plan
        events: list[Fault | PlannedRecord | PlannedVerdict] = [*plan.records, *plan.faults, *plan.verdicts]
        for event in sorted(events, key=lambda event: event.at_seconds):
            await self._sleep_until(event.at_seconds)
            match event:
                case PlannedRecord():
                    self.judge.published(self.topic[event.partition].append(event, plan.service))
                case PlannedVerdict():
                    self._words.append(asyncio.create_task(self._reviewer.say(event)))
                case Fault():
                    self.state.note(str(event.kind.value))
                    self._inflict(event)
        await self._sleep_until(max(FAULTS_END_SECONDS if plan.faults else 0.0, self.state.loop.now))

    async def _sleep_until(self, at_seconds: float) -> None:
        if at_seconds > self.state.loop.now:
            await asyncio.sleep(at_seconds - self.state.loop.now)

    def _inflict(self, fault: Fault) -> None:
        match fault.kind:
            case FaultKind.REBALANCE:
                self.group.rebalance()
            case FaultKind.TOPIC_MADE_ANEW:
                self._make_topic_anew(is_seen=fault.victim % 2 == 0)
            case FaultKind.PROMOTION:
                self.database.promote()
            case _:
                running = [process for process in self.state.processes if process.is_running]
                if running:
                    self._inflict_on(running[fault.victim % len(running)], fault)

    def _inflict_on(self, victim: SimulatedProcess, fault: Fault) -> None:
        match fault.kind:
            case FaultKind.KILL:
                victim.kill()
                self._begin(self._start_later())
            case FaultKind.RESTART:
                self._begin(self._restart(victim))
            case FaultKind.DEAF_PROCESS:
                victim.is_deaf = True
            case FaultKind.STUCK_PROCESS:
                victim.is_stuck = True
            case _ if victim.consumers:
                self._inflict_on_consumer(victim.consumers[-1], fault)

    def _inflict_on_consumer(self, consumer: SimulatedConsumer, fault: Fault) -> None:
        match fault.kind:
            case FaultKind.ZOMBIE:
                self.group.silence(consumer, fault.seconds)
            case FaultKind.TWIN:
                self.group.silence(consumer)
                self._start_process()
            case FaultKind.DEAF_CONSUMER:
                consumer.is_deaf = True
            case FaultKind.REWIND:
                consumer.rewind()

    def _make_topic_anew(self, *, is_seen: bool) -> None:
        """Delete the records and the offsets.

        Members that see it join anew, and their fetchers never find the new log; others, who had no room for more, go
        on at their offsets in the new log.
        """
        self.judge.made_anew()
        self.topic[:] = [Partition(number) for number in range(len(self.topic))]
        self.topic_id = UUID(int=self.topic_id.int + 1)
        self.group.committed.clear()
        self.group.labels.clear()
        if not is_seen:
            return
        self.group.generation += 1
        for process in self.state.processes:
            for consumer in process.consumers:
                consumer.is_deaf = True
        self.group.rebalance()

    async def _start_later(self) -> None:
        await self.state.delay(0.5, 4)
        self._start_process()

    async def _restart(self, process: SimulatedProcess) -> None:
        process.shut_down()
        await process.ended()
        self._start_process()

    async def _supervise(self) -> None:
        """Restart processes whose liveness fails, as Kubernetes does."""
        while True:
            await asyncio.sleep(_SUPERVISOR_LOOKS_SECONDS)
            for process in list(self.state.processes):
                if not process.is_running:
                    continue
                # One that gets no records either is deaf, which liveness tells.
                hangs = process.hangs_seconds > TELLS_STUCK_SECONDS
                if hangs and not process.told_stuck and self._explains_nothing(process):
                    self.state.broken(Promise.STUCK_TOLD, f"{process.name} told nothing of partitions that stand still")
                if process.engine.liveness_problem() is not None:
                    self.state.counts["liveness failures"] += 1
                    process.kill()
                    self._start_process()

    def _explains_nothing(self, process: SimulatedProcess) -> bool:
        """Tell whether no outage and no breaker explains that a process stands still."""
        kinds = {fault.kind for fault in self.state.plan.faults}
        is_open = process.engine._breaker.state is not BreakerState.CLOSED
        return not (
            is_open or self.state.plan.rates["lag fails"] or kinds & {FaultKind.KAFKA_OUTAGE, FaultKind.SYSTEMIC}
        )

    def _heal(self, process: SimulatedProcess) -> None:
        """End what no fault of the world may last for: a member that the group never hears again."""
        if process.is_running and process.consumers and process.consumers[-1].hears_group_at == float("inf"):
            process.kill()

    async def _until_done(self) -> None:
        deadline = self.state.loop.now + _PATIENCE_SECONDS
        while self._is_behind() and not self.state.violations:
            if self.state.loop.now > deadline:
                undone = [record.number for record in self.judge.undone()]
                self.state.broken(
                    Promise.STALL_DETECTED, f"{_PATIENCE_SECONDS:.0f} s after the last fault no outcome: {undone}"
                )
                return
            await asyncio.sleep(1)

    def _is_behind(self) -> bool:
        """Tell whether records have no outcome, or are not committed."""
        return bool(self.judge.undone()) or any(
            partition.end and self.group.reached(number) < partition.end for number, partition in enumerate(self.topic)
        )

    async def _stop_all(self) -> None:
        for process in self.state.processes:
            if process.task.done() and not process.is_killed and not process.was_told_to_stop:
                self.state.broken(
                    Promise.ENDS_WHEN_TOLD, f"{process.name} ended by itself: {process.task.exception()!r}"
                )
        running = [process for process in self.state.processes if process.is_running]
        for process in running:
            process.shut_down()
        await asyncio.gather(*(process.ended() for process in running))
