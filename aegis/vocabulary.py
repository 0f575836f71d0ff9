"""The bundle of the settings with another vocabulary or calibration, for verbs that try or apply one."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from aegis.errors import UserError
from consumer.settings import ModelSettings
from consumer.tagging.bundle import Bundle, BundleError, default_bundle_path, load_bundle
from consumer.tagging.calibration import Calibration
from consumer.tagging.revised import with_calibration, with_vocabulary
from consumer.tagging.taxonomy import TaxonomyError, load_taxonomy
from export.compile import TextEncoder, compile_vectors


def revised_bundle(taxonomy: Path | None, calibration: Path | None, bundle_path: Path | None = None) -> Bundle:
    """Return the bundle with what these files say in place of its own; raises UserError."""
    path = bundle_path or ModelSettings().bundle or default_bundle_path()
    try:
        bundle = load_bundle(path)
        if taxonomy is not None:
            loaded = load_taxonomy(taxonomy)
            vectors = compile_vectors(loaded, TextEncoder(bundle.path, bundle.manifest))
            bundle = with_vocabulary(bundle, loaded, vectors)
        if calibration is not None:
            bundle = with_calibration(bundle, Calibration.model_validate_json(calibration.read_bytes()))
    except (BundleError, TaxonomyError) as error:
        raise UserError(str(error)) from error
    except ValidationError as error:
        raise UserError(f"{calibration} is no calibration: {error.errors()[0]['msg']}") from error
    return bundle
