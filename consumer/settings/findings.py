"""The findings: whether images are looked over, and how a project judges what is found."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from schemas.environment import environment


class FindingsSettings(BaseSettings):
    """`AEGIS_FINDINGS_…`."""

    model_config = environment("AEGIS_FINDINGS_")

    enabled: bool = Field(
        default=True, description="Look every image over while it is decoded, and publish what is wrong with it"
    )
    project: Path | None = Field(
        default=None,
        description="YAML file of severities, limits and suppressions, as `aegis lint --init` writes it; not set: the "
        "defaults of docs/findings.md",
    )
