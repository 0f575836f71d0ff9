"""What the verbs that use model bundles share: finding them, and errors as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aegis.errors import UserError
from consumer.services.bundles import bundle_folder
from consumer.settings import ModelSettings
from consumer.tagging.manifest import BundleError
from consumer.tagging.sessions import ModelError
from consumer.tagging.taxonomy import TaxonomyError


@contextmanager
def told() -> Iterator[None]:
    """Turn what can be wrong with a bundle, its vocabulary or its labels into one sentence, exit code 2."""
    try:
        yield
    except (BundleError, ModelError, TaxonomyError) as error:
        raise UserError(str(error)) from error
    except ValueError as error:
        # Labels are read by export, which is imported only when it is needed.
        if type(error).__name__ != "LabelsError":
            raise
        raise UserError(str(error)) from error


def folder_of(place: str | None) -> Path:
    """Return the local folder of a bundle; without a place the one that AEGIS_MODEL_BUNDLE names, or aegis-mini."""
    settings = ModelSettings()
    return bundle_folder(place or settings.bundle, settings.cache_dir)


def own_folder(place: str) -> Path:
    """Return a bundle's folder that may be written to; raises UserError for what is no folder."""
    path = Path(place)
    if not path.is_dir():
        raise UserError(f"{place} is no folder: what changes a bundle needs it unpacked, where it can be written")
    return path
