"""Recovery is measured where something waited, and nothing else was broken."""

from __future__ import annotations

from tests.chaos.recorder import Flow, Sample
from tests.chaos.recovery import Happened, of_kind, recoveries
from tests.chaos.schedule import Fault, FaultKind


def _sample(at_seconds: float, tagger: tuple[int, int], sink: tuple[int, int] = (0, 0)) -> Sample:
    """Two partitions of each topic, ten records in each; the offsets are the committed ones."""
    ends = {0: 10, 1: 10}
    flows = {"tagger": Flow(dict(enumerate(tagger)), ends)}
    flows |= {group: Flow(dict(enumerate(sink)), ends) for group in ("sink", "comparer")}
    return Sample(at_seconds, 20, flows, 0, 0, {})


def _kill(target: str, at_seconds: float, until: float | None = None) -> Happened:
    return Happened(Fault(at_seconds, FaultKind.KILL, target), at_seconds, at_seconds if until is None else until)


def test_a_killed_process_has_recovered_when_every_partition_that_waited_goes_on() -> None:
    samples = [_sample(1, (5, 5)), _sample(3, (6, 5)), _sample(4, (8, 6)), _sample(5, (9, 9))]

    (found,) = recoveries([_kill("tagger-2", 2)], samples)

    assert found.seconds == 2


def test_a_partition_without_a_backlog_need_not_go_on() -> None:
    samples = [_sample(1, (5, 10)), _sample(3, (6, 10))]

    (found,) = recoveries([_kill("tagger-2", 2)], samples)

    assert found.seconds == 1


def test_where_nothing_waited_nothing_can_be_told() -> None:
    (found,) = recoveries([_kill("tagger-2", 2)], [_sample(1, (10, 10)), _sample(3, (10, 10))])

    assert found.seconds is None


def test_a_service_is_measured_from_its_return() -> None:
    """And by what needs it, as soon as that goes on at all: Kafka by both groups, whose slower one counts."""
    samples = [_sample(1, (5, 5)), _sample(9, (5, 5)), _sample(11, (6, 5), (0, 0)), _sample(13, (6, 6), (1, 0))]
    kafka = Happened(Fault(2, FaultKind.OUTAGE, "kafka", 8), 2, 10)
    store = Happened(Fault(2, FaultKind.OUTAGE, "s3", 8), 2, 10)

    assert [item.seconds for item in recoveries([kafka], samples)] == [3]
    assert [item.seconds for item in recoveries([store], samples)] == [1]


def test_while_a_service_is_away_a_killed_process_is_not_to_blame() -> None:
    samples = [_sample(1, (5, 5)), _sample(20, (6, 6))]
    store = Happened(Fault(3, FaultKind.OUTAGE, "s3", 8), 3, 11)

    found = recoveries([_kill("tagger-1", 2), store], samples)

    assert found[0].seconds is None
    assert of_kind(found, FaultKind.KILL, service=False) == []
    assert of_kind(found, FaultKind.OUTAGE, service=True) == [9]
