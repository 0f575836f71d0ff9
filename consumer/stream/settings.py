"""What an engine is told at start: by the environment, and by the service whose stream it is."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from consumer.concurrency.backoff import Backoff
from consumer.stream.failures.breaker import BreakerLimits
from schemas.environment import environment


class EngineSettings(BaseSettings):
    """`AEGIS_STREAM_…`: all deadlines of a stream engine, the same for every service.

    Raises:
        ValidationError: two settings contradict each other; the message names both.

    """

    model_config = environment("AEGIS_STREAM_")
    commit_timeout_seconds: ClassVar[float] = 5.0

    group_instance_id: str | None = Field(
        default=None,
        max_length=249,
        description="Static group membership: a name unique to each process and kept across restarts, e.g. the pod's",
    )
    commit_interval_seconds: float = Field(
        default=1.0, gt=0, le=60, description="Interval between commits of the offsets of finished records"
    )
    drain_seconds: float = Field(
        default=20.0, ge=0, description="Maximum time that work in flight may delay a rebalance or a shutdown"
    )
    session_timeout_seconds: float = Field(
        default=30.0, ge=6, description="Silence after which the group drops a process"
    )
    rebalance_timeout_seconds: float = Field(
        default=60.0, gt=0, description="Time that members have to rejoin after a rebalance; must exceed the drain"
    )
    record_timeout_seconds: float = Field(
        default=120.0, gt=0, description="Deadline of one attempt at one record, not counting time in the queue"
    )
    publish_timeout_seconds: float = Field(
        default=120.0, gt=0, description="Time that brokers have to acknowledge a result before it is sent again"
    )
    max_unknown_attempts: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Fewest attempts at a record whose error is not in the fault table before it becomes a dead letter",
    )
    unknown_seconds: float = Field(
        default=900.0,
        ge=0,
        description="Least time for which a record whose error is not in the fault table is retried; outlasts outages",
    )
    retry_first_seconds: float = Field(default=0.2, gt=0, description="First delay of the exponential backoff")
    retry_cap_seconds: float = Field(default=15.0, gt=0, description="Longest delay of the exponential backoff")
    breaker_window: int = Field(default=200, ge=1, description="Recent records that the breaker considers")
    breaker_failed_fraction: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Share of dead letters among recent records that opens the breaker",
    )
    breaker_in_a_row: int = Field(default=1000, ge=1, description="Consecutive dead letters that open the breaker")
    breaker_cool_down_seconds: float = Field(
        default=30.0, gt=0, description="Time before an open breaker tries a record"
    )
    stall_seconds: float = Field(
        default=180.0,
        gt=0,
        description="Time of lag without progress that counts as a stall; must exceed the record and publish timeouts",
    )
    stuck_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Time for which a partition's oldest record may fail or wait before the partition counts as stuck",
    )
    lag_interval_seconds: float = Field(default=10.0, gt=0, description="Interval between lag measurements")

    @model_validator(mode="after")
    def _nothing_contradicts(self) -> EngineSettings:
        if self.retry_cap_seconds < self.retry_first_seconds:
            raise ValueError(
                f"AEGIS_STREAM_RETRY_CAP_SECONDS={self.retry_cap_seconds:g} is below "
                f"AEGIS_STREAM_RETRY_FIRST_SECONDS={self.retry_first_seconds:g}: raise it"
            )
        if self.drain_seconds + self.commit_timeout_seconds >= self.rebalance_timeout_seconds:
            raise ValueError(
                f"AEGIS_STREAM_DRAIN_SECONDS={self.drain_seconds:g} and {self.commit_timeout_seconds:g} s for the "
                f"commit must end within AEGIS_STREAM_REBALANCE_TIMEOUT_SECONDS={self.rebalance_timeout_seconds:g}: "
                "raise it, or drain less"
            )
        if self.stall_seconds <= max(self.record_timeout_seconds, self.publish_timeout_seconds):
            raise ValueError(
                f"AEGIS_STREAM_STALL_SECONDS={self.stall_seconds:g} must exceed "
                f"AEGIS_STREAM_RECORD_TIMEOUT_SECONDS={self.record_timeout_seconds:g} and "
                f"AEGIS_STREAM_PUBLISH_TIMEOUT_SECONDS={self.publish_timeout_seconds:g}: a record may take that long"
            )
        return self

    @property
    def backoff(self) -> Backoff:
        return Backoff(self.retry_first_seconds, self.retry_cap_seconds)

    @property
    def breaker(self) -> BreakerLimits:
        return BreakerLimits(
            window=self.breaker_window,
            failed_fraction=self.breaker_failed_fraction,
            in_a_row=self.breaker_in_a_row,
            cool_down_seconds=self.breaker_cool_down_seconds,
        )

    def for_stream(
        self, *, topic: str, group: str, max_records: int, max_bytes: int, further_topics: tuple[str, ...] = ()
    ) -> StreamSettings:
        """Return these settings for the stream of one service."""
        return StreamSettings(
            topic=topic,
            further_topics=further_topics,
            group=group,
            max_records_in_flight=max_records,
            max_bytes_in_flight=max_bytes,
            **self.model_dump(),
        )


class StreamSettings(EngineSettings):
    """An engine's settings and its service's stream. What is not given has its default: no environment is read."""

    topic: str
    group: str
    further_topics: tuple[str, ...] = ()
    max_records_in_flight: int = 64
    max_bytes_in_flight: int = 32 * 1024 * 1024

    @classmethod
    def settings_customise_sources(  # type: ignore[override]  # pydantic passes the sources by name
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        **_: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics that are read; each has dead letters of its own."""
        return (self.topic, *self.further_topics)

    @property
    def client_id(self) -> str:
        """The name that brokers see in their logs and quotas."""
        return self.group

    def changed(self, **changes: Any) -> StreamSettings:
        """Return these settings with some replaced, validated anew."""
        return StreamSettings(**self.model_dump() | changes)
