"""What the verbs that use model bundles share: finding them, and errors as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aegis.shared.errors import UserError

if TYPE_CHECKING:
    from consumer.tagging.bundle.bundle import Bundle
    from consumer.tagging.bundle.taxonomy import Taxonomy

bundle_argument = click.argument(
    "bundle", required=False, help="Folder, archive or s3://bucket/key; AEGIS_MODEL_BUNDLE or aegis-mini if not given."
)


@contextmanager
def told() -> Iterator[None]:
    """Turn what can be wrong with a bundle, its vocabulary or its labels into one sentence, exit code 2."""
    from consumer.tagging.bundle.manifest import BundleError
    from consumer.tagging.bundle.taxonomy import TaxonomyError
    from consumer.tagging.inference.sessions import ModelError

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
    from consumer.services.bundles import bundle_folder
    from consumer.settings import ModelSettings

    settings = ModelSettings()
    return bundle_folder(place or settings.bundle, settings.cache_dir)


def opened(place: str | None) -> Bundle:
    """Return a verified bundle, found as by :func:`folder_of`, with the settings' overlay over it."""
    from consumer.services.bundles import opened_bundle
    from consumer.settings import ModelSettings

    return opened_bundle(ModelSettings(), place)


def vocabulary_of_settings() -> Taxonomy:
    """Return every tag that the settings' bundle and overlay have, without verifying the bundle."""
    from consumer.services.bundles import overlay_of
    from consumer.settings import ModelSettings
    from consumer.tagging.bundle.bundle import TAXONOMY
    from consumer.tagging.bundle.overlay import laid_over
    from consumer.tagging.bundle.taxonomy import load_taxonomy

    taxonomy, overlay = load_taxonomy(folder_of(None) / TAXONOMY), overlay_of(ModelSettings())
    return taxonomy if overlay is None else laid_over(taxonomy, overlay)


def silence(bundle: Bundle) -> str | None:
    """Return a sentence on the own tags that no event carries yet, and what changes that; None without any."""
    tags = ", ".join(f"{tag} ({category})" for category, tag in sorted(bundle.silent))
    if not tags:
        return None
    return (
        f"no event carries {tags} yet, because neither labels nor verdicts speak for it: confirm or add it on the page "
        "or with aegis verdict, then run aegis model calibrate --verdicts; or calibrate with --labels"
    )


def own_folder(place: str) -> Path:
    """Return a bundle's folder that may be written to; raises UserError for what is no folder."""
    path = Path(place)
    if not path.is_dir():
        raise UserError(f"{place} is no folder: what changes a bundle needs it unpacked, where it can be written")
    return path


def unknown_tags(tags: Iterable[str]) -> str | None:
    """Return a sentence with the nearest names for tags that the bundle of the settings does not know; None for none.

    Only a bundle that lies in a folder is asked. The sentence is advice: stored tags may be of another taxonomy.
    """
    from difflib import get_close_matches

    from consumer.settings import ModelSettings
    from consumer.tagging.bundle.manifest import BundleError
    from consumer.tagging.bundle.taxonomy import TaxonomyError

    place = ModelSettings().bundle
    if place is not None and not Path(place).is_dir():
        return None
    try:
        taxonomy = vocabulary_of_settings()
    except (BundleError, TaxonomyError):
        return None
    known = {tag for category in taxonomy.categories.values() for tag in category.tags}
    clauses = []
    for tag in dict.fromkeys(tags):
        if tag not in known:
            near = " or ".join(get_close_matches(tag, known, n=2))
            clauses.append(f"the taxonomy {taxonomy.id} has no tag {tag!r}{f'; did you mean {near}?' if near else ''}")
    return "; ".join(clauses) or None
