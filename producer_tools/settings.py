"""Settings of the extraction tools: environment variables, validated at start, documented in docs/settings.md."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from schemas.environment import environment
from schemas.files.secret_files import SecretSettings

_MIB = 1024 * 1024
_GIB = 1024 * _MIB
_UNITY_KEY_BYTES = 16


class ExtractSettings(SecretSettings):
    """`AEGIS_EXTRACT_…`: limits for untrusted archives, and patience with the services."""

    model_config = environment("AEGIS_EXTRACT_")

    max_members: int = Field(
        default=100_000, ge=1, description="Maximum members of an archive; larger archives are refused"
    )
    max_member_bytes: int = Field(
        default=512 * _MIB, ge=1, description="Maximum unpacked size of a member; larger ones are skipped"
    )
    max_total_bytes: int = Field(default=8 * _GIB, ge=1, description="Maximum unpacked size of an archive")
    max_ratio: float = Field(default=250.0, ge=1, description="Maximum compression ratio above 16 MiB")
    max_pixels: int = Field(
        default=8192 * 8192, ge=1, description="Maximum pixels of a texture; larger ones are skipped"
    )
    memory_bytes: int = Field(
        default=4 * _GIB, ge=512 * _MIB, description="Maximum address space of each child process that parses files"
    )
    processes: int = Field(
        default=0,
        ge=0,
        le=64,
        description="Number of child processes that parse files side by side; 0: one for each CPU, and no more than "
        "memory_bytes allow",
    )
    idle_seconds: float = Field(
        default=60.0, gt=0, description="Maximum time without a new texture before an archive is abandoned"
    )
    archive_seconds: float = Field(default=900.0, gt=0, description="Maximum total time for parsing one archive")
    unity_version: str | None = Field(
        default=None, description="Unity version of files that had theirs taken out, e.g. 2020.3.48f1"
    )
    unity_key: SecretStr | None = Field(
        default=None, description="Key of encrypted Unity bundles (UnityCN): 16 characters or 32 hexadecimal digits"
    )
    engine_textures: bool = Field(default=False, description="Whether Unity's own textures are extracted too")
    upload_threads: int = Field(default=8, ge=1, le=64, description="Number of parallel uploads")
    connect_seconds: float = Field(
        default=4.0, gt=0, description="Time that Kafka and the object store have to answer before events are spooled"
    )
    delivery_seconds: float = Field(
        default=10.0, ge=1, description="Time that Kafka has to acknowledge an event before it is spooled"
    )

    @field_validator("unity_version")
    @classmethod
    def _is_a_version(cls, version: str | None) -> str | None:
        if version is not None and not re.fullmatch(r"\d{1,4}\.\d{1,3}\.\d{1,3}([a-z]\d+)*", version):
            raise ValueError(f"{version} is no Unity version: write one such as 2020.3.48f1")
        return version

    @field_validator("unity_key")
    @classmethod
    def _in_hexadecimal(cls, key: SecretStr | None) -> SecretStr | None:
        if key is None:
            return None
        text = key.get_secret_value()
        if re.fullmatch(r"[0-9a-fA-F]{32}", text):
            return key
        if len(text.encode()) != _UNITY_KEY_BYTES:
            raise ValueError("a key of Unity bundles has 16 characters, or 32 hexadecimal digits")
        return SecretStr(text.encode().hex())


def _default_spool() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "aegis-tagger" / "spool"


class SpoolSettings(BaseSettings):
    """`AEGIS_SPOOL_…`: where events wait while Kafka or the object store is down."""

    model_config = environment("AEGIS_SPOOL_")

    dir: Path = Field(
        default_factory=_default_spool,
        description="Folder of the spool; default: aegis-tagger/spool under $XDG_STATE_HOME or ~/.local/state",
    )
    max_bytes: int = Field(
        default=2 * _GIB,
        ge=4096,
        description="Maximum size of the spool (events and PNGs); beyond it, extraction fails with an error",
    )
    metrics_file: Path | None = Field(
        default=None,
        description="File for the spool's metrics, in node_exporter's textfile format (*.prom); each run rewrites it",
    )
