"""Settings of the extraction tools: environment variables, validated at start, documented in docs/settings.md."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_MIB = 1024 * 1024
_GIB = 1024 * _MIB


def _config(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(env_prefix=prefix, frozen=True, extra="ignore", env_ignore_empty=True)


class ExtractSettings(BaseSettings):
    """`AEGIS_EXTRACT_…`: limits for untrusted archives, and patience with the services."""

    model_config = _config("AEGIS_EXTRACT_")

    max_members: int = Field(default=100_000, ge=1, description="Members of one archive; one with more is refused")
    max_member_bytes: int = Field(default=512 * _MIB, ge=1, description="One unpacked member; a larger one is skipped")
    max_total_bytes: int = Field(default=8 * _GIB, ge=1, description="All unpacked members of one archive")
    max_ratio: float = Field(default=250.0, ge=1, description="Unpacked by packed size of a member above 16 MiB")
    max_pixels: int = Field(default=8192 * 8192, ge=1, description="Pixels of one texture; a larger one is skipped")
    memory_bytes: int = Field(
        default=4 * _GIB, ge=512 * _MIB, description="Address space of the child process that parses archives"
    )
    idle_seconds: float = Field(
        default=60.0, gt=0, description="An archive that yields no texture for so long is given up"
    )
    archive_seconds: float = Field(default=900.0, gt=0, description="Time that parsing one archive may take in all")
    upload_threads: int = Field(default=8, ge=1, le=64, description="Objects uploaded at once")
    connect_seconds: float = Field(
        default=4.0, gt=0, description="How long Kafka and the object store may take to answer before we spool"
    )
    delivery_seconds: float = Field(
        default=10.0, ge=1, description="How long Kafka may take to acknowledge an event before we spool it"
    )


def _default_spool() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "aegis-tagger" / "spool"


class SpoolSettings(BaseSettings):
    """`AEGIS_SPOOL_…`: where events wait while Kafka or the object store is down."""

    model_config = _config("AEGIS_SPOOL_")

    dir: Path = Field(
        default_factory=_default_spool,
        description="Folder of the spool; default: aegis-tagger/spool under $XDG_STATE_HOME or ~/.local/state",
    )
    max_bytes: int = Field(
        default=2 * _GIB, ge=4096, description="Events and PNGs kept at most; beyond it extraction says so and fails"
    )
    metrics_file: Path | None = Field(
        default=None,
        description="File that each run writes the spool's metrics to, for node_exporter's textfile collector (*.prom)",
    )
