"""Settings that cannot keep the engine's promises are refused."""

from __future__ import annotations

import pytest

from consumer.stream.settings import StreamSettings


def test_a_drain_that_outlasts_the_rebalance_is_refused() -> None:
    """The group would give the partitions away before their commits are in."""
    with pytest.raises(ValueError, match="raise it, or drain for less"):
        StreamSettings(topic="t", group="g", drain_seconds=58, commit_timeout_seconds=5, rebalance_timeout_seconds=60)


def test_a_stall_must_take_longer_than_a_record_may() -> None:
    """A record that works within its deadline would be taken for a stall."""
    with pytest.raises(ValueError, match="no stall can be told after 60 s"):
        StreamSettings(topic="t", group="g", record_timeout_seconds=90, publish_timeout_seconds=30, stall_seconds=60)
