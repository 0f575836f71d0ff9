"""What an engine is told at start."""

from __future__ import annotations

from dataclasses import dataclass, field

from consumer.stream.breaker import BreakerLimits
from consumer.stream.retry import Backoff


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """All bounds and deadlines of one engine.

    Raises:
        ValueError: two settings contradict each other; the message names both.

    """

    topic: str
    group: str
    client_id: str = "aegis"
    # Static membership: a process that returns under its name within the session keeps its partitions.
    group_instance_id: str | None = None
    max_records_in_flight: int = 64
    max_bytes_in_flight: int = 32 * 1024 * 1024
    max_unknown_attempts: int = 5
    record_timeout_seconds: float = 120.0
    publish_timeout_seconds: float = 120.0
    commit_interval_seconds: float = 1.0
    commit_timeout_seconds: float = 5.0
    drain_seconds: float = 20.0
    session_timeout_seconds: float = 30.0
    rebalance_timeout_seconds: float = 60.0
    stall_seconds: float = 180.0
    lag_interval_seconds: float = 10.0
    backoff: Backoff = field(default_factory=Backoff)
    breaker: BreakerLimits = field(default_factory=BreakerLimits)

    def __post_init__(self) -> None:
        budget = self.drain_seconds + self.commit_timeout_seconds
        if budget >= self.rebalance_timeout_seconds:
            raise ValueError(
                f"draining ({self.drain_seconds:g} s) and committing ({self.commit_timeout_seconds:g} s) must end "
                f"within the rebalance timeout ({self.rebalance_timeout_seconds:g} s): raise it, or drain for less"
            )
        quiet = max(self.record_timeout_seconds, self.publish_timeout_seconds)
        if self.stall_seconds <= quiet:
            raise ValueError(
                f"a record may be quiet for {quiet:g} s (its deadline, or that of publishing), so no stall can be told "
                f"after {self.stall_seconds:g} s: raise the latter, or lower the former"
            )
