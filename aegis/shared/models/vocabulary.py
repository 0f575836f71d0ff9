"""The bundle of the settings with another vocabulary or calibration, for what applies one."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from aegis.shared.errors import UserError
from consumer.services.bundles import bundle_folder, overlay_of
from consumer.settings import ModelSettings
from consumer.tagging.bundle.bundle import Bundle, BundleError, load_bundle
from consumer.tagging.bundle.calibration import Calibration
from consumer.tagging.bundle.revised import with_calibration, with_vocabulary
from consumer.tagging.bundle.taxonomy import TaxonomyError, load_taxonomy
from consumer.tagging.inference.sessions import ModelError
from consumer.tagging.inference.textual import TextEncoder
from consumer.tagging.own_tags import lay_over
from export.bundles.compile import compile_vectors


def revised_bundle(taxonomy: Path | None, calibration: Path | None, model: str | None = None) -> Bundle:
    """Return the settings' bundle, or ``model``, with what these files say in place of its own; raises UserError.

    The settings' overlay lies over all of it.
    """
    settings = ModelSettings()
    try:
        bundle = load_bundle(bundle_folder(model or settings.bundle, settings.cache_dir))
        if taxonomy is not None:
            loaded = load_taxonomy(taxonomy)
            vectors = compile_vectors(loaded, TextEncoder(bundle.path, bundle.manifest))
            bundle = with_vocabulary(bundle, loaded, vectors)
        if calibration is not None:
            bundle = with_calibration(bundle, Calibration.model_validate_json(calibration.read_bytes()))
        overlay = overlay_of(settings)
        if overlay is not None:
            bundle = lay_over(bundle, overlay)
    except (BundleError, ModelError, TaxonomyError) as error:
        raise UserError(str(error)) from error
    except ValidationError as error:
        raise UserError(f"{calibration} is no calibration: {error.errors()[0]['msg']}") from error
    return bundle
