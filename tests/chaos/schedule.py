"""Which fault happens when: pure, and the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.chaos.scenario import SERVICES, Scenario

# A process needs a moment between two faults: it is started again, loads its model, and joins its group.
_BREATH_SECONDS = 6.0


class FaultKind(StrEnum):
    # kill -9; a supervisor, or `Stack.start`, starts it again at once.
    KILL = "kill"
    # SIGSTOP, and SIGCONT after a while.
    STOP = "stop"
    # A service is killed, and started again after a while.
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is done to one process or service; ``seconds`` until it is undone, 0 for a kill."""

    at_seconds: float
    kind: FaultKind
    target: str
    seconds: float = 0.0

    @property
    def is_service(self) -> bool:
        return self.target in SERVICES

    @property
    def ends_at_seconds(self) -> float:
        return self.at_seconds + self.seconds


def plan(scenario: Scenario, seed: int) -> tuple[Fault, ...]:
    """Return all faults of a run in the order of their time.

    Services fail one after the other; the processes are killed and stopped at random moments all the while. No process
    is killed while it is stopped, nor before it had time to come back from its last fault.

    Raises:
        ValueError: they do not fit into the scenario's time.

    """
    rng = random.Random(seed)
    faults = [*_service_faults(scenario, rng)]
    for process in scenario.processes:
        faults.extend(_process_faults(process, scenario, rng))
    return tuple(sorted(faults))


def _service_faults(scenario: Scenario, rng: random.Random) -> Iterator[Fault]:
    outages = [(FaultKind.OUTAGE, name, scenario.outage_seconds) for name in SERVICES]
    kills = [(FaultKind.KILL, name, 0.0) for name in SERVICES]
    blocks = rng.sample([*outages, *kills], len(SERVICES) * 2)
    lengths = [seconds + scenario.rest_seconds for _, _, seconds in blocks]
    times = _spread(lengths, scenario.load_seconds, rng)
    for (kind, name, seconds), at_seconds in zip(blocks, times, strict=True):
        yield Fault(at_seconds, kind, name, seconds)


def _process_faults(process: str, scenario: Scenario, rng: random.Random) -> Iterator[Fault]:
    kinds = rng.sample([FaultKind.STOP, *[FaultKind.KILL] * scenario.kills_each], scenario.kills_each + 1)
    lengths = [scenario.stop_seconds if kind is FaultKind.STOP else 0.0 for kind in kinds]
    times = _spread([seconds + _BREATH_SECONDS for seconds in lengths], scenario.load_seconds, rng)
    for kind, seconds, at_seconds in zip(kinds, lengths, times, strict=True):
        yield Fault(at_seconds, kind, process, seconds)


def _spread(lengths: Sequence[float], room_seconds: float, rng: random.Random) -> Iterator[float]:
    """Yield when each block begins: one after the other, the time that is left over cut at random between them."""
    free_seconds = room_seconds - sum(lengths)
    if free_seconds < 0:
        raise ValueError(f"{sum(lengths):g} s of faults do not fit into {room_seconds:g} s of load")
    before = 0.0
    for cut, length in zip(sorted(rng.uniform(0, free_seconds) for _ in lengths), lengths, strict=True):
        yield cut + before
        before += length
