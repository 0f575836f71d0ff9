"""What a run of chaos consists of."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Scenario:
    """Sizes and times of one run; all times are seconds of its load phase.

    Attributes:
        events: records that are published to ``asset-extracted``, poison included.
        poison_each: share of the events that each kind of poison has.
        static_members: how many of each kind of process have a name in their group that they keep over restarts.
        kills_each: kill -9 of every process.
        stop_seconds: how long each of them is stopped once (SIGSTOP), beyond the group's session timeout.
        outage_seconds: how long each service is away once, besides one kill -9 and restart of it.
        rest_seconds: between two faults of services, at least.
        settle_seconds: how long the pipeline may take after the load until everything is done.

    """

    events: int = 10_000
    poison_each: float = 0.01
    partitions: int = 12
    taggers: int = 3
    sinks: int = 2
    comparers: int = 2
    static_members: int = 1
    load_seconds: float = 400
    kills_each: int = 20
    stop_seconds: float = 15
    outage_seconds: float = 60
    rest_seconds: float = 20
    session_seconds: float = 6
    settle_seconds: float = 240

    @property
    def processes(self) -> tuple[str, ...]:
        return (
            *(f"tagger-{number}" for number in range(1, self.taggers + 1)),
            *(f"sink-{number}" for number in range(1, self.sinks + 1)),
            *(f"comparer-{number}" for number in range(1, self.comparers + 1)),
        )

    def is_static(self, process: str) -> bool:
        """Tell whether this process has a name in its group."""
        return int(process.partition("-")[2]) <= self.static_members


FULL = Scenario()
# Every kind of fault once, in the time that continuous integration has.
SHORT = replace(
    FULL,
    events=800,
    partitions=4,
    load_seconds=60,
    kills_each=2,
    stop_seconds=9,
    outage_seconds=8,
    rest_seconds=5,
    settle_seconds=90,
)
SERVICES = ("kafka", "s3", "postgres")
