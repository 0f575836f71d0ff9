"""One simulation from its plan to its outcome."""

from __future__ import annotations

import asyncio
import gc
import logging
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

import structlog

from tests.simulation.plan import Plan
from tests.simulation.promises import Promise, Violation
from tests.simulation.world.clock import VirtualLoop, virtual_time
from tests.simulation.world.world import World

_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one simulation; ``fingerprint`` is the same for the same plan, in whatever process it runs."""

    plan: Plan
    violations: tuple[Violation, ...]
    timeline: tuple[str, ...]
    virtual_seconds: float
    counts: Counter[str]
    fingerprint: tuple[float, int]

    def breaks(self, promise: Promise) -> bool:
        return any(violation.promise is promise for violation in self.violations)


def be_quiet() -> None:
    """Switch off the logs, which cost more than the simulation."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)


def run(plan: Plan, *, recording: bool = False) -> Outcome:
    """Run a plan to its end; with ``recording`` the outcome has a timeline."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        with virtual_time(plan.seed) as loop, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            world = World(plan, loop, recording=recording)
            _play(loop, world)
            seconds = loop.now
            _end_everything(loop, world)
    finally:
        if collecting:
            gc.enable()
    state = world.state
    return Outcome(
        plan,
        tuple(state.violations),
        tuple(state.timeline or ()),
        seconds,
        state.counts,
        (round(seconds, 6), state.rng.getrandbits(32)),
    )


def _play(loop: VirtualLoop, world: World) -> None:
    """Run the world; whatever the engine lets escape is what we look for."""
    playing = loop.create_task(world.run())
    try:
        loop.run_until_complete(playing)
    except Exception as error:  # noqa: BLE001 - as above
        world.state.broken(Promise.ENDS_WHEN_TOLD, loop.problem or f"{type(error).__name__}: {error}")


def _end_everything(loop: VirtualLoop, world: World) -> None:
    """Cancel until nothing is left: a coroutine that is thrown away in the middle may go on without a loop."""
    loop.set_exception_handler(lambda *_: None)
    for process in world.state.processes:
        for producer in process.producers:
            producer._closed = True
    for _ in range(_ROUNDS):
        tasks = asyncio.all_tasks(loop)
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        with suppress(RuntimeError):
            loop.run_until_complete(asyncio.wait(tasks, timeout=1))
