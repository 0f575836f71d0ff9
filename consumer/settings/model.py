"""The model that tags."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from schemas.environment import environment


def default_cache_dir() -> Path:
    """Return our folder in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aegis-tagger" / "models"


class ModelSettings(BaseSettings):
    """`AEGIS_MODEL_…`: the model that tags, and how it runs."""

    model_config = environment("AEGIS_MODEL_")

    bundle: str | None = Field(
        default=None,
        description="Model bundle: a folder, an archive (tar, zip), or either as s3://bucket/key; not set: aegis-mini",
    )
    overlay: Path | None = Field(
        default=None,
        description="YAML file of tags of one's own, laid over the taxonomy of the bundle, as `aegis taxonomy add` "
        "writes it; not set: the bundle's tags alone",
    )
    cache_dir: Path = Field(
        default_factory=default_cache_dir,
        description="Cache folder for bundles from archives and S3 and for the results of `aegis tune`; "
        "default: aegis-tagger/models under $XDG_CACHE_HOME or ~/.cache",
    )
    precision: Literal["auto", "fp32", "fp16", "int8"] = Field(
        default="auto",
        description="Precision of the graph that runs; auto: fp16 on a GPU, int8 on CPUs with instructions for it, "
        "else fp32; not set: the result of `aegis tune`, else auto",
    )
    use_names: bool = Field(default=True, description="Use the names of files and folders as evidence for tags")
    provider: str = Field(
        default="CPUExecutionProvider",
        description="onnxruntime execution provider; there is no silent fallback to another",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Threads for decoding and inference; not set: the result of `aegis tune`, else one per CPU",
    )
    max_batch: int = Field(
        default=8,
        ge=1,
        le=1024,
        description="Maximum images per inference; not set: the result of `aegis tune`, else 8",
    )
    max_wait_ms: float = Field(
        default=100.0,
        ge=0,
        le=1000,
        description="Maximum time that an image waits for its batch to fill while other images are decoded",
    )
