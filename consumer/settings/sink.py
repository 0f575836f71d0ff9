"""The sink: what it takes in, and how much at once."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings

from schemas.environment import environment

_MIB = 1024 * 1024


class SinkSettings(BaseSettings):
    """`AEGIS_SINK_…`."""

    model_config = environment("AEGIS_SINK_")

    group: str | None = Field(
        default=None,
        min_length=1,
        max_length=249,
        description="Consumer group of the sink; not set: aegis-sink, behind AEGIS_TOPIC_PREFIX",
    )
    topic: str | None = Field(
        default=None,
        max_length=249,
        description="Topic of tagged events to store; not set: asset-tagged. A second topic needs its own "
        "AEGIS_SINK_GROUP and AEGIS_PG_SCHEMA",
    )
    max_records_in_flight: int = Field(
        default=4000, ge=1, le=100_000, description="Maximum records in flight (received and not finished)"
    )
    max_bytes_in_flight: int = Field(default=64 * _MIB, ge=1, description="Maximum bytes of record values in flight")
    max_batch: int = Field(default=1000, ge=1, le=50_000, description="Maximum events per transaction")
