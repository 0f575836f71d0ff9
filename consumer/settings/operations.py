"""Probes, metrics and logs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from schemas.environment import environment


class OperationsSettings(BaseSettings):
    """`AEGIS_OPS_…`: probes, metrics and logs of every process."""

    model_config = environment("AEGIS_OPS_")

    host: str = Field(default="127.0.0.1", description="Address that /livez, /readyz and /metrics listen on")
    port: int = Field(default=0, ge=0, le=65_535, description="Port of the probes; 0 picks a free one and logs it")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Lowest level that is logged"
    )
    log_format: Literal["auto", "json", "pretty"] = Field(
        default="auto", description="Format of log lines; auto: pretty on a terminal, JSON elsewhere"
    )
