"""What a topic should be, given how many copies of it there are."""

from __future__ import annotations

import pytest

from consumer.kafka.topics import FoundTopic, TopicState, compare, safe
from schemas import TopicSpec

SPEC = TopicSpec("asset-tagged", 12, {"cleanup.policy": "compact"})
MORE_THAN_THERE_ARE = (
    "min.insync.replicas={}, more than its replicas ({}): older Kafka takes no record there, newer makes do with them; "
    "add replicas with kafka-reassign-partitions.sh, or set it to {} with kafka-configs.sh"
)


@pytest.mark.parametrize(("copies", "in_sync"), [(1, None), (2, None), (3, "2"), (5, "2")])
def test_from_three_copies_on_each_write_is_on_two(copies: int, in_sync: str | None) -> None:
    """With two copies, a restart of one broker would stop all writing."""
    assert safe(SPEC, copies).config.get("min.insync.replicas") == in_sync


@pytest.mark.parametrize(
    ("replication", "in_sync", "wanted_copies", "told"),
    [
        (3, "1", -1, ("min.insync.replicas=1, not 2",)),
        (3, "2", -1, ()),
        (3, "3", -1, ()),
        (1, "1", -1, ()),
        (1, "1", 3, ("1 replicas, not 3",)),
        (3, "2", 3, ()),
        (2, "2", -1, ()),
        (1, "2", -1, (MORE_THAN_THERE_ARE.format(2, 1, 1),)),
        (2, "3", -1, (MORE_THAN_THERE_ARE.format(3, 2, 2),)),
    ],
)
def test_what_differs_is_told(replication: int, in_sync: str, wanted_copies: int, told: tuple[str, ...]) -> None:
    found = FoundTopic(12, replication, {"cleanup.policy": "compact", "min.insync.replicas": in_sync})
    report = compare(SPEC, found, wanted_copies)
    assert (report.differences, report.state is TopicState.DIFFERENT) == (told, bool(told))
