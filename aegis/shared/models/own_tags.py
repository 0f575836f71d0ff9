"""`aegis taxonomy add` and `remove`: tags of one's own, in a file beside the bundle."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from aegis.shared.bundles import folder_of, told
from aegis.shared.errors import UserError
from consumer.settings import ModelSettings
from consumer.tagging.bundle.bundle import TAXONOMY
from consumer.tagging.bundle.overlay import Overlay, OwnTag, laid_over, load_overlay, write_overlay
from consumer.tagging.bundle.taxonomy import Name, Taxonomy, load_taxonomy
from consumer.tagging.bundle.vocabulary import Vocabulary

_DEFAULT: Final = Path("aegis-taxonomy.yaml")


def add_tag(file: Path | None, category: str, tag: str, described: Mapping[str, Any]) -> Iterator[str]:
    """Write the tag into the overlay, and yield what to know and to do; raises UserError."""
    path = _place(file)
    overlay = _read(path) if path.exists() else Overlay()
    with told():
        taxonomy = load_taxonomy(folder_of(None) / TAXONOMY)
    _check(taxonomy, overlay, category, tag)
    try:
        TypeAdapter(Name).validate_python(tag)
        extended = overlay.with_tag(category, tag, OwnTag.model_validate(described))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{where or tag}: {first['msg']}") from error
    with told():
        laid_over(taxonomy, extended)
    _write(path, extended)
    yield (
        f"{path}: {tag} is a tag of {category} now. No event carries it until labels or verdicts speak for it: say it "
        f"of textures on the page, or with aegis verdict ASSET {tag} --add --category {category}, then run aegis model "
        "calibrate BUNDLE --verdicts"
    )
    if (sentence := _unset(path)) is not None:
        yield sentence


def remove_tag(file: Path | None, category: str | None, tag: str) -> str:
    """Take the tag out of the overlay, and return what was done; raises UserError."""
    path = _place(file)
    overlay = _read(path)
    having = [name for name, own in sorted(overlay.tags) if own == tag and category in {None, name}]
    if not having:
        there = ", ".join(sorted(own for _, own in overlay.tags)) or "none"
        raise UserError(f"{path} has no tag {tag}{f' in {category}' if category else ''}; it has {there}")
    if len(having) > 1:
        raise UserError(f"{path} has {tag} in {' and '.join(having)}: name one by --category")
    _write(path, overlay.without_tag(having[0], tag))
    return f"{path}: {tag} is no tag of {having[0]} any more; aegis retag takes it out of events"


def _place(file: Path | None) -> Path:
    return file or ModelSettings().overlay or _DEFAULT


def _read(path: Path) -> Overlay:
    with told():
        return load_overlay(path)


def _check(taxonomy: Taxonomy, overlay: Overlay, category: str, tag: str) -> None:
    if category not in taxonomy.categories:
        names = ", ".join(taxonomy.categories)
        raise UserError(f"the taxonomy {taxonomy.id} has no category {category}; it has {names}")
    if (category, tag) in overlay.tags:
        raise UserError(f"{tag} is a tag of yours in {category} already: aegis taxonomy remove {tag} takes it out")
    vocabulary = Vocabulary.of(taxonomy)
    if vocabulary.has(category, tag):
        raise UserError(f"the taxonomy {taxonomy.id} has the tag {tag} in {category} itself")


def _write(path: Path, overlay: Overlay) -> None:
    try:
        write_overlay(path, overlay)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error


def _unset(path: Path) -> str | None:
    """Return the sentence for whoever has not named the overlay in the settings."""
    named = ModelSettings().overlay
    if named is not None and named.absolute() == path.absolute():
        return None
    return (
        f"export AEGIS_MODEL_OVERLAY={shlex.quote(str(path.absolute()))} makes tagger, gateway, retag, search and "
        "aegis model know it"
    )
