"""What happens in one simulation, drawn from its seed: records, faults, and how often small things go wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

FAULTS_END_SECONDS: Final = 30.0
_FLOOD: Final = 60


class Service(StrEnum):
    """Which service's engine runs."""

    TAGGER = "tagger"
    SINK = "sink"


class Nature(StrEnum):
    """What a record does to those who work on it."""

    GOOD = "good"
    # The world's faults: they pass.
    TRANSIENT = "transient"
    SLOW = "slow"
    # The record's own.
    POISON = "poison"
    UNKNOWN = "unknown"
    TOO_LARGE = "too-large"
    HUGE = "huge"
    UNTIMELY = "untimely"
    # The sink's alone: a removal, and a row that the database refuses by name.
    REMOVAL = "removal"
    REFUSED = "refused"


# Those that may become dead letters.
BAD: Final = frozenset({Nature.POISON, Nature.UNKNOWN, Nature.TOO_LARGE, Nature.HUGE, Nature.UNTIMELY, Nature.REFUSED})
_NATURES: Final = {
    Service.TAGGER: {
        Nature.GOOD: 78,
        Nature.TRANSIENT: 9,
        Nature.SLOW: 1,
        Nature.POISON: 4,
        Nature.UNKNOWN: 2,
        Nature.TOO_LARGE: 3,
        Nature.HUGE: 1,
        Nature.UNTIMELY: 2,
    },
    Service.SINK: {Nature.GOOD: 76, Nature.REMOVAL: 14, Nature.POISON: 3, Nature.UNKNOWN: 2, Nature.REFUSED: 5},
}


class FaultKind(StrEnum):
    """What goes wrong at a time, and for how long."""

    KAFKA_OUTAGE = "Kafka is away"
    STORE_OUTAGE = "the object store or the database is away"
    KILL = "a process is killed"
    RESTART = "a process is told to stop, and started again"
    REBALANCE = "the group distributes its partitions anew"
    ZOMBIE = "the group does not hear of a member, nor the member of the group"
    TWIN = "a second process has the same instance id; the first is not told"
    DEAF_CONSUMER = "a consumer silently gets no records any more"
    DEAF_PROCESS = "a process gets no records, whatever consumer it makes"
    STUCK_PROCESS = "the work of a process on every record hangs, and nothing cuts it off"
    REWIND = "a consumer goes on before where it was: the log was cut"
    TOPIC_MADE_ANEW = "the topic is deleted and made again; consumers get none of it, or do not notice"
    SYSTEMIC = "all records fail as if they were bad"
    PROMOTION = "the database's standby becomes the primary, and the primary a standby"


_FAULTS: Final = {
    FaultKind.KAFKA_OUTAGE: 2.0,
    FaultKind.STORE_OUTAGE: 2.0,
    FaultKind.KILL: 3.0,
    FaultKind.RESTART: 1.5,
    FaultKind.REBALANCE: 3.0,
    FaultKind.ZOMBIE: 2.0,
    FaultKind.TWIN: 0.5,
    FaultKind.DEAF_CONSUMER: 0.4,
    FaultKind.DEAF_PROCESS: 0.3,
    FaultKind.STUCK_PROCESS: 0.3,
    FaultKind.REWIND: 0.8,
    FaultKind.TOPIC_MADE_ANEW: 0.5,
}
# Those that are worst in company, and within how many seconds of their beginning: partitions that go while results wait
# for brokers, and a consumer that goes back before its first record.
_MEET_REBALANCES: Final = {FaultKind.KAFKA_OUTAGE: (0.0, 20.0), FaultKind.REWIND: (-2.0, 0.0)}
_OF_ONE_SERVICE: Final = {Service.TAGGER: {FaultKind.SYSTEMIC: 0.8}, Service.SINK: {FaultKind.PROMOTION: 1.0}}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``victim`` chooses whom it meets of those who are there then."""

    at_seconds: float
    kind: FaultKind
    seconds: float
    victim: int

    def __str__(self) -> str:
        return f"{self.at_seconds:7.2f} s  {self.kind.value} ({self.seconds:.1f} s)"


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    """One record of the source topic. ``gap``: offsets that are missing before it (compaction, transaction markers)."""

    number: int
    partition: int
    key: bytes | None
    nature: Nature
    at_seconds: float
    gap: int
    # For the sink: of two events of an asset the one of the higher rank wins.
    rank: int


@dataclass(frozen=True, slots=True)
class PlannedVerdict:
    """A person's word on one tag of one asset; None withdraws it."""

    at_seconds: float
    asset: int
    word: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is decided before; what is left to chance on the way hangs on the seed."""

    seed: int
    service: Service
    partitions: int
    processes: int
    records: tuple[PlannedRecord, ...]
    faults: tuple[Fault, ...]
    verdicts: tuple[PlannedVerdict, ...] = ()
    rates: dict[str, float] = field(default_factory=dict)


_RATES: Final = {
    "start fails": 0.15,
    "fetch fails": 0.02,
    "lag fails": 0.1,
    "commit fails": 0.08,
    "commit's answer is lost": 0.05,
    "write fails": 0.04,
    "write's answer is lost": 0.05,
    "statement fails": 0.02,
    "statement is slow": 0.05,
    "transaction's answer is lost": 0.03,
    "member is late": 0.4,
}


def make_plan(seed: int) -> Plan:
    """Draw everything from the seed; no two seeds share anything."""
    rng = random.Random(seed)
    service = Service.SINK if rng.random() < 0.4 else Service.TAGGER
    partitions = rng.randint(1, 4)
    faults = _faults(rng, service)
    records = _records(rng, service, partitions, faults)
    return Plan(
        seed,
        service,
        partitions,
        processes=rng.choice((1, 2, 2, 2, 3)),
        records=records,
        faults=faults,
        verdicts=_verdicts(rng) if service is Service.SINK else (),
        rates=_RATES | {name: 0.0 for name in _RATES if rng.random() < 0.3},
    )


def _records(
    rng: random.Random, service: Service, partitions: int, faults: tuple[Fault, ...]
) -> tuple[PlannedRecord, ...]:
    natures, weights = zip(*_NATURES[service].items(), strict=True)
    keys = rng.choice((4, 12, 40))
    records = []
    # A fault of everything meets many records, or there would be no flood to stop.
    systemic = next((fault for fault in faults if fault.kind is FaultKind.SYSTEMIC), None)
    usual = rng.randint(15, 50)
    for number in range(usual + (_FLOOD if systemic else 0)):
        key = rng.randrange(keys)
        with_key = service is Service.SINK or rng.random() < 0.9
        records.append(
            PlannedRecord(
                number=number,
                partition=key % partitions,
                key=b"asset-%d" % key if with_key else None,
                nature=rng.choices(natures, weights)[0],
                at_seconds=_published_at(rng, systemic if number >= usual else None),
                gap=rng.choice((0, 0, 0, 1, 3)),
                rank=number + rng.choice((0, 0, 0, -15, 15)),
            )
        )
    return tuple(sorted(records, key=lambda record: record.at_seconds))


def _published_at(rng: random.Random, systemic: Fault | None) -> float:
    if systemic is not None:
        return systemic.at_seconds
    return 0.0 if rng.random() < 0.5 else rng.uniform(0, FAULTS_END_SECONDS)


def _faults(rng: random.Random, service: Service) -> tuple[Fault, ...]:
    kinds, weights = zip(*(_FAULTS | _OF_ONE_SERVICE[service]).items(), strict=True)
    faults = [
        Fault(
            at_seconds=rng.uniform(0.5, FAULTS_END_SECONDS - 6),
            kind=rng.choices(kinds, weights)[0],
            seconds=rng.choice((rng.uniform(0.5, 5), rng.uniform(5, 30))),
            victim=rng.randrange(100),
        )
        for _ in range(rng.randint(0, 6))
    ]
    faults += [_rebalance_near(rng, fault) for fault in faults if fault.kind in _MEET_REBALANCES and rng.random() < 0.5]
    return tuple(sorted(faults, key=lambda fault: fault.at_seconds))


def _rebalance_near(rng: random.Random, fault: Fault) -> Fault:
    earliest, latest = _MEET_REBALANCES[fault.kind]
    at_seconds = max(0.5, fault.at_seconds + rng.uniform(earliest, min(latest, fault.seconds)))
    return Fault(at_seconds, FaultKind.REBALANCE, 1.0, 0)


def _verdicts(rng: random.Random) -> tuple[PlannedVerdict, ...]:
    words = ("confirmed", "rejected", "added", None)
    times = sorted(rng.uniform(0, FAULTS_END_SECONDS) for _ in range(rng.randint(0, 6)))
    return tuple(PlannedVerdict(at, rng.randrange(4), rng.choice(words)) for at in times)
