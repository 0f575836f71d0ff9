"""Settings that cannot keep the engine's promises are refused, and those made by hand know no environment."""

from __future__ import annotations

import pytest

from consumer.settings import EngineSettings
from consumer.stream.settings import StreamSettings


def test_a_drain_that_outlasts_the_rebalance_is_refused() -> None:
    """The group would give the partitions away before their commits are in."""
    with pytest.raises(ValueError, match="DRAIN_SECONDS=58 and 5 s for the commit must end within"):
        StreamSettings(topic="t", group="g", drain_seconds=58, rebalance_timeout_seconds=60)


def test_a_stall_must_take_longer_than_a_record_may() -> None:
    """A record that works within its deadline would be taken for a stall."""
    with pytest.raises(ValueError, match="STALL_SECONDS=60 must exceed"):
        StreamSettings(topic="t", group="g", record_timeout_seconds=90, publish_timeout_seconds=30, stall_seconds=60)


def test_changed_settings_are_held_to_the_same_rules() -> None:
    settings = StreamSettings(topic="t", group="g", drain_seconds=3)

    assert settings.changed(topic="u") == StreamSettings(topic="u", group="g", drain_seconds=3)
    with pytest.raises(ValueError, match="must end within"):
        settings.changed(drain_seconds=58)


def test_the_environment_sets_a_services_stream_and_nothing_that_is_made_by_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The topic, the group and the bounds are the service's to say, whatever variables there are."""
    for name, value in {"DRAIN_SECONDS": "7", "RETRY_FIRST_SECONDS": "3", "BREAKER_WINDOW": "9", "TOPIC": "x"}.items():
        monkeypatch.setenv(f"AEGIS_STREAM_{name}", value)

    stream = EngineSettings().for_stream(topic="t", group="g", max_records=5, max_bytes=6)

    assert (stream.drain_seconds, stream.backoff.first_seconds, stream.breaker.window) == (7, 3, 9)
    assert (stream.topic, stream.group, stream.client_id) == ("t", "g", "g")
    assert (stream.max_records_in_flight, stream.max_bytes_in_flight) == (5, 6)
    by_hand = StreamSettings(topic="t", group="g")
    assert (by_hand.drain_seconds, by_hand.retry_first_seconds) == (20, 0.2)
