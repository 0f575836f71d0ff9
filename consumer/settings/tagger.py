"""The tagger: what it takes in, and how much at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, NoDecode

from schemas.environment import environment

_MIB = 1024 * 1024


class TaggerSettings(BaseSettings):
    """`AEGIS_TAGGER_…`."""

    model_config = environment("AEGIS_TAGGER_")

    group: str | None = Field(
        default=None,
        min_length=1,
        max_length=249,
        description="Consumer group of the tagger; not set: aegis-tagger, behind AEGIS_TOPIC_PREFIX",
    )
    max_records_in_flight: int = Field(
        default=64, ge=1, le=10_000, description="Maximum records in flight (received and not finished)"
    )
    max_object_bytes: int = Field(default=64 * _MIB, ge=1, description="Largest object that the tagger downloads")
    max_bytes_in_flight: int = Field(
        default=256 * _MIB, ge=1, description="Maximum bytes of downloaded objects that are not yet tagged"
    )
    max_pixels: int = Field(default=8192 * 8192, ge=1, description="Largest image that is decoded, width times height")
    missing_object_grace_seconds: float = Field(
        default=10.0, ge=0, description="Time after its event during which a missing object may still appear"
    )
    allowed_buckets: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Buckets that events may refer to, comma-separated; not set: AEGIS_S3_BUCKET alone"
    )
    allowed_key_prefixes: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Key prefixes that events may refer to, comma-separated; not set: every key of the allowed buckets",
    )

    reuse: Literal["off", "memory", "database"] = Field(
        default="off",
        description="Where to look for the embedding of equal content before inference; database: in memory, then in "
        "the tables of AEGIS_PG_DSN; use off for a replay after a change of decoding",
    )
    reuse_entries: int = Field(
        default=4096, ge=1, le=10_000_000, description="Embeddings kept in memory for reuse, at most"
    )

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: dict[str, object]) -> dict[str, object]:
        return {
            name: tuple(part.strip() for part in value.split(",") if part.strip())
            if name.startswith("allowed_") and isinstance(value, str)
            else value
            for name, value in values.items()
        }

    @model_validator(mode="after")
    def _an_object_fits_the_budget(self) -> TaggerSettings:
        if self.max_object_bytes > self.max_bytes_in_flight:
            raise ValueError(
                f"AEGIS_TAGGER_MAX_OBJECT_BYTES={self.max_object_bytes} is above "
                f"AEGIS_TAGGER_MAX_BYTES_IN_FLIGHT={self.max_bytes_in_flight}: raise the latter, or lower the former"
            )
        return self

    @property
    def readable_prefix(self) -> str:
        """What a key must begin with so that events may refer to it; any of those that are allowed."""
        return next(iter(self.allowed_key_prefixes), "")
