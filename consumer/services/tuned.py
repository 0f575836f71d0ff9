"""What `aegis tune` found out, kept beside the cached models; a setting that is given counts more."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consumer.settings import ModelSettings
from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.manifest import Precision
from consumer.tagging.tuning import Tuning, machine_key

_FOLDER: Final = "tuned"
_log = structlog.get_logger(__name__)


class _Stored(BaseModel):
    model_config = ConfigDict(extra="ignore")

    precision: Precision
    workers: int = Field(ge=1, le=256)
    max_batch: int = Field(ge=1, le=1024)


def tuning_path(cache: Path, bundle: Bundle, provider: str) -> Path:
    """Return where the measurement of this bundle on this machine is kept."""
    return cache / _FOLDER / f"{machine_key(bundle, provider)}.json"


def store_tuning(path: Path, bundle: Bundle, tuning: Tuning, images_per_second: float) -> None:
    """Write the setting; it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "bundle": bundle.manifest.id,
        "precision": tuning.precision,
        "workers": tuning.workers,
        "max_batch": tuning.max_batch,
        "images_per_second": round(images_per_second, 1),
    }
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def apply_tuning(settings: ModelSettings, bundle: Bundle) -> ModelSettings:
    """Return the settings with what was measured here in place of what nobody set.

    A file that cannot be read is told in the log, and the defaults stay.
    """
    path = tuning_path(settings.cache_dir, bundle, settings.provider)
    try:
        stored = _Stored.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return settings
    except (OSError, ValidationError) as error:
        _log.warning("tuning.unreadable", path=str(path), error=str(error)[:200], help="run aegis tune again")
        return settings
    unset = {name: value for name, value in stored.model_dump().items() if name not in settings.model_fields_set}
    if stored.precision not in bundle.manifest.graphs:
        unset.pop("precision", None)
    if unset:
        _log.info("tuning.used", path=str(path), **unset)
    return settings.model_copy(update=unset)
