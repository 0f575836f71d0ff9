"""The lake: where its tables are, and how much goes into one commit."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings

from schemas.environment import environment

_MIB = 1024 * 1024


class LakeSettings(BaseSettings):
    """`AEGIS_LAKE_…`."""

    model_config = environment("AEGIS_LAKE_")

    group: str | None = Field(
        default=None,
        min_length=1,
        max_length=249,
        description="Consumer group of the lake; not set: aegis-lake, behind AEGIS_TOPIC_PREFIX",
    )
    catalog_schema: str = Field(
        default="lake",
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        description="PostgreSQL schema that holds the catalog; one for each lake, and never AEGIS_PG_SCHEMA, which "
        "`aegis rebuild --drop` drops",
    )
    location: str | None = Field(
        default=None,
        pattern=r"^s3://[^/]+/.*[^/]$",
        description="Folder of the tables, s3://bucket/folder; not set: the folder lake in AEGIS_S3_BUCKET",
    )
    buckets: int = Field(
        default=16,
        ge=1,
        le=4096,
        description="Number of parts, by asset, of each day of a table that `aegis lake init` makes",
    )
    commit_seconds: float = Field(
        default=15.0,
        gt=0,
        le=45,
        description="Longest time that a record waits for others to be committed with it",
    )
    commit_rows: int = Field(default=5000, ge=1, le=50_000, description="Maximum rows per commit")
    max_records_in_flight: int = Field(
        default=10_000, ge=1, le=100_000, description="Maximum records in flight (received and not committed)"
    )
    max_bytes_in_flight: int = Field(default=64 * _MIB, ge=1, description="Maximum bytes of record values in flight")
