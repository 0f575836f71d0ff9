"""One run: an undisturbed look at every texture, then the load under faults, then the verdict."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack import Stack
from tests.chaos.load import make_load
from tests.chaos.poison import MAX_RESULT_BYTES, Poison, bad_objects
from tests.chaos.recorder import Recorder, Sample, Watched
from tests.chaos.recovery import Happened
from tests.chaos.scenario import Scenario
from tests.chaos.schedule import Fault, FaultKind, plan
from tests.chaos.supervisor import Supervisor
from tests.chaos.undisturbed import good_objects, look
from tests.chaos.verdict import Found, Verdict, judge
from tests.chaos.world import World

_MAX_OBJECT_BYTES = 1024 * 1024

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a run gives."""

    verdict: Verdict
    happened: tuple[Happened, ...]
    samples: tuple[Sample, ...]
    starts: int
    settled_seconds: float


def environment(stack: Stack, scenario: Scenario) -> dict[str, str]:
    """Return the product's own defaults, but for what the run's length and its comparison need."""
    return {
        **stack.variables(),
        "AEGIS_TOPIC_PREFIX": "chaos-",
        "AEGIS_TOPIC_PARTITIONS": str(scenario.partitions),
        "AEGIS_S3_BUCKET": "chaos",
        "AEGIS_TAGGER_GROUP": "tagger",
        "AEGIS_SINK_GROUP": "sink",
        "AEGIS_COMPARER_GROUP": "comparer",
        "AEGIS_TAGGER_MAX_OBJECT_BYTES": str(_MAX_OBJECT_BYTES),
        "AEGIS_STREAM_SESSION_TIMEOUT_SECONDS": str(scenario.session_seconds),
        "AEGIS_OPS_LOG_FORMAT": "json",
        # The scale of a quantised model's activations is one for a whole batch: alone, an image gets the same numbers
        # in every run.
        "AEGIS_MODEL_MAX_BATCH": "1",
        "AEGIS_MODEL_WORKERS": "1",
    }


async def run(scenario: Scenario, seed: int, stack: Stack, folder: Path, tell: Tell) -> Outcome:
    """Run a scenario on a stack that is up and empty; logs go to ``folder``."""
    faults = plan(scenario, seed)
    variables = environment(stack, scenario)
    for command in (("topics", "apply"), ("db", "migrate")):
        await asyncio.to_thread(_aegis, variables, *command)
    world = World(variables)
    await world.limit_results(MAX_RESULT_BYTES)
    objects = [world.upload(data) for data in good_objects()]
    poison = Poison(world.bucket, {kind: world.upload(data) for kind, data in bad_objects(_MAX_OBJECT_BYTES).items()})
    load = make_load(scenario, objects, poison, seed)
    supervisor = Supervisor(scenario, variables, folder)
    supervisor.start_all()
    try:
        async with _background(supervisor.watch()):
            undisturbed = await look(world, objects, tell)
            watched = Watched(
                world.bootstrap,
                {"tagger": world.topics.extracted, **dict.fromkeys(("sink", "comparer"), world.topics.tagged)},
                (f"{world.topics.extracted}.dlq", f"{world.topics.tagged}.dlq"),
                variables["AEGIS_PG_DSN"],
                scenario.partitions,
            )
            recorder = Recorder(watched, lambda: world.published, supervisor.memory_bytes)
            async with _background(recorder.record()):
                executor = _Executor(stack, supervisor, recorder, tell)
                await asyncio.gather(
                    world.publish(load, scenario.load_seconds),
                    *(executor.execute(fault) for fault in faults),
                )
                tell("the load is published; what is left is worked off")
                settled_seconds = await _settle(world, recorder, scenario.settle_seconds)
        unasked = list(supervisor.unasked_exits)
    finally:
        codes = await asyncio.to_thread(supervisor.end_all)
    tell("reading everything back")
    found = await _found(world, supervisor, codes, unasked, recorder)
    verdict = judge(load, undisturbed, found)
    happened = tuple(sorted(executor.happened, key=lambda item: item.began_at_seconds))
    return Outcome(verdict, happened, tuple(recorder.samples), supervisor.starts, settled_seconds)


class _Executor:
    """Does to processes and services what the schedule says."""

    def __init__(self, stack: Stack, supervisor: Supervisor, recorder: Recorder, tell: Tell) -> None:
        self._stack = stack
        self._supervisor = supervisor
        self._recorder = recorder
        self._tell = tell
        self._service = asyncio.Lock()
        self.happened: list[Happened] = []

    async def execute(self, fault: Fault) -> None:
        await asyncio.sleep(max(0.0, fault.at_seconds - self._recorder.now_seconds))
        if fault.is_service:
            # A service that takes long to come back must not make two be away at once.
            async with self._service:
                began = self._note(fault)
                await asyncio.to_thread(self._stack.stop, fault.target, kill=True)
                await asyncio.sleep(fault.seconds)
                await asyncio.to_thread(self._stack.start, fault.target)
        else:
            began = self._note(fault)
            await self._disturb(fault)
        self.happened.append(Happened(fault, began, self._recorder.now_seconds))

    async def _disturb(self, fault: Fault) -> None:
        if fault.kind is FaultKind.KILL:
            self._supervisor.kill(fault.target)
            return
        self._supervisor.suspend(fault.target)
        await asyncio.sleep(fault.seconds)
        self._supervisor.resume(fault.target)

    def _note(self, fault: Fault) -> float:
        lasting = f" for {fault.seconds:g} s" if fault.seconds else ""
        self._tell(f"{fault.kind} {fault.target}{lasting}")
        return self._recorder.now_seconds


async def _settle(world: World, recorder: Recorder, timeout_seconds: float) -> float:
    """Wait until nothing lags, or the time is over; return the seconds it took."""
    started = time.monotonic()
    quiet = 0
    while quiet < 2 and time.monotonic() - started < timeout_seconds:
        await asyncio.sleep(1.0)
        last = recorder.samples[-1]
        waiting = last.flows is None or any(flow.lag for flow in last.flows.values())
        quiet = 0 if waiting or await world.embeddings_waiting() else quiet + 1
    return time.monotonic() - started


async def _found(
    world: World, supervisor: Supervisor, codes: Mapping[str, int], unasked: list[str], recorder: Recorder
) -> Found:
    numbers = await world.numbers()
    last = next(sample for sample in reversed(recorder.samples) if sample.flows is not None)
    assert last.flows is not None
    logs = [line for name in codes for line in supervisor.log_path(name).read_text().splitlines()]
    return Found(
        numbers=numbers,
        rows={**await world.rows("chaos/"), **await world.rows("poison/")},
        letters=await world.letters(world.topics.extracted),
        answers=await world.answers(numbers),
        bad_tagged=await world.bad_tagged(),
        tagged_letters=await world.letters_of_results(("sink", "comparer")),
        told=await world.told(),
        relations=await world.relations(),
        lag_records={group: flow.lag for group, flow in last.flows.items()},
        unasked_exits=unasked,
        stalls=sum(_event(line) in {"consumer.stalled", "consumer.rebuilt"} for line in logs),
        exit_codes=codes,
    )


def _event(line: str) -> str | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found.get("event") if isinstance(found, dict) else None


def _aegis(variables: Mapping[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "aegis", *arguments]
    subprocess.run(command, env={**os.environ, **variables}, check=True, capture_output=True)


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run the work beside the block, and end it with the block; should it fail, so does the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    if not task.cancelled():
        raise RuntimeError("a part of the run ended early") from task.exception()
