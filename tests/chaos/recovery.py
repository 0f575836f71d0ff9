"""How long the pipeline took to be itself again after each fault: pure, from the samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.chaos.recorder import Flow, Sample
from tests.chaos.schedule import Fault, FaultKind

# What a fault of a service stops. A comparer keeps the pictures that it has read.
_NEEDS = {"kafka": ("tagger", "sink", "comparer"), "s3": ("tagger",), "postgres": ("sink", "comparer")}


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault as it took place: when it began, and when it was undone (for a kill: when the target ran again)."""

    fault: Fault
    began_at_seconds: float
    ended_at_seconds: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds until work went on; None where that cannot be told."""

    happened: Happened
    seconds: float | None


def recoveries(happened: Sequence[Happened], samples: Sequence[Sample]) -> list[Recovery]:
    """Measure each fault.

    Of a process: from its beginning, since others shall take over, until every partition that had a backlog went on.
    Of a service: from its return until the groups that need it went on at all (their processes are killed meanwhile).
    None where nothing waited at that moment, or where another service was away meanwhile.
    """
    outages = [item for item in happened if item.fault.is_service]
    return [Recovery(item, _seconds(item, samples, outages)) for item in happened]


def _seconds(item: Happened, samples: Sequence[Sample], outages: Iterable[Happened]) -> float | None:
    if item.fault.is_service:
        since, groups = item.ended_at_seconds, _NEEDS[item.fault.target]
        others = [other for other in outages if other is not item]
    else:
        since, groups = item.began_at_seconds, (item.fault.target.partition("-")[0],)
        others = list(outages)
    found = [_group_seconds(group, since, samples, whole=not item.fault.is_service) for group in groups]
    if any(seconds is None for seconds in found):
        return None
    seconds = max(seconds for seconds in found if seconds is not None)
    if any(other.began_at_seconds < since + seconds and other.ended_at_seconds > since for other in others):
        return None
    return seconds


def _group_seconds(group: str, since: float, samples: Sequence[Sample], *, whole: bool) -> float | None:
    looks = [(sample.at_seconds, sample.flows[group]) for sample in samples if sample.flows is not None]
    before = [flow for at_seconds, flow in looks if at_seconds <= since]
    if not before or (whole and not before[-1].behind):
        return None
    start = before[-1]
    for at_seconds, flow in looks:
        if at_seconds > since and (_all_moved(start, flow) if whole else flow.done > start.done):
            return at_seconds - since
    return None


def _all_moved(start: Flow, now: Flow) -> bool:
    return all(now.committed.get(number, 0) > start.committed.get(number, 0) for number in start.behind)


def of_kind(found: Iterable[Recovery], kind: FaultKind, *, service: bool) -> list[float]:
    """Return the seconds of all faults of a kind that could be measured."""
    return [
        item.seconds
        for item in found
        if item.seconds is not None and item.happened.fault.kind is kind and item.happened.fault.is_service == service
    ]
