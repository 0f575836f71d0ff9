"""The comparer: how much it compares at once."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings

from schemas.environment import environment

_MIB = 1024 * 1024


class ComparerSettings(BaseSettings):
    """`AEGIS_COMPARER_…`."""

    model_config = environment("AEGIS_COMPARER_")

    group: str | None = Field(
        default=None,
        min_length=1,
        max_length=249,
        description="Consumer group of the comparer; not set: aegis-comparer, behind AEGIS_TOPIC_PREFIX",
    )
    max_records_in_flight: int = Field(
        default=16, ge=1, le=1000, description="Maximum records in flight (received and not finished)"
    )
    max_bytes_in_flight: int = Field(default=16 * _MIB, ge=1, description="Maximum bytes of record values in flight")
