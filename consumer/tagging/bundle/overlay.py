"""Tags of one's own in a file beside the bundle: laid over its taxonomy, so that the bundle stays as it came."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consumer.tagging.bundle.taxonomy import Name, NamePattern, Phrase, Probability, TagSpec, Taxonomy, TaxonomyError

_HEADER: Final = "# Tags of one's own, laid over the bundle's taxonomy where AEGIS_MODEL_OVERLAY names this file.\n"
_DIGITS: Final = 8
_MOST_VERSION: Final = 64
OwnTags = frozenset[tuple[str, str]]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OwnTag(_Strict):
    """One tag, as a taxonomy describes its own."""

    prompts: tuple[Phrase, ...] = Field(min_length=1)
    synonyms: tuple[str, ...] = ()
    names: tuple[NamePattern, ...] = ()
    threshold: Probability | None = None

    @property
    def spec(self) -> TagSpec:
        return TagSpec.model_validate(self.model_dump())


class Overlay(_Strict):
    """The file: tags by category and name."""

    categories: dict[Name, dict[Name, OwnTag]] = {}

    @property
    def tags(self) -> OwnTags:
        """Every (category, tag)."""
        return frozenset((category, tag) for category, tags in self.categories.items() for tag in tags)

    def with_tag(self, category: str, tag: str, own: OwnTag) -> Overlay:
        return Overlay(categories={**self.categories, category: {**self.categories.get(category, {}), tag: own}})

    def without_tag(self, category: str, tag: str) -> Overlay:
        left = {key: own for key, own in self.categories[category].items() if key != tag}
        others = {name: tags for name, tags in self.categories.items() if name != category}
        return Overlay(categories={**others, category: left} if left else others)


def load_overlay(path: Path) -> Overlay:
    """Read and validate the file; raises TaxonomyError."""
    try:
        return Overlay.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except FileNotFoundError as error:
        raise TaxonomyError(
            f"There is no overlay {path}: write one with `aegis taxonomy add`, or unset AEGIS_MODEL_OVERLAY."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"Cannot read the overlay {path}: {getattr(error, 'strerror', None) or error}.") from error
    except yaml.YAMLError as error:
        raise TaxonomyError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise TaxonomyError(f"{path}: {where}: {first['msg']}.") from error


def write_overlay(path: Path, overlay: Overlay) -> None:
    """Write the file in one step; raises OSError."""
    content = yaml.safe_dump(
        overlay.model_dump(mode="json", exclude_defaults=True), sort_keys=False, allow_unicode=True, width=120
    )
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(_HEADER + content, encoding="utf-8")
    os.replace(temporary, path)  # noqa: PTH105 - Path.replace says less about overwriting


def laid_over(taxonomy: Taxonomy, overlay: Overlay) -> Taxonomy:
    """Return the taxonomy with the tags of the overlay at the end of their categories, under a version of its own.

    Raises TaxonomyError for a category that the taxonomy does not have, and for a tag that it has itself.
    """
    categories = dict(taxonomy.categories)
    for name, tags in overlay.categories.items():
        if name not in categories:
            raise TaxonomyError(
                f"The taxonomy {taxonomy.id} has no category {name}: choose one of {', '.join(taxonomy.categories)}."
            )
        spec = categories[name]
        shown = {spec.shown_name(tag) for tag in spec.tags} | spec.tags.keys()
        for tag in tags:
            if tag in shown:
                raise TaxonomyError(
                    f"The taxonomy {taxonomy.id} has the tag {tag} in {name} itself: take it out of the overlay with "
                    f"`aegis taxonomy remove {tag}`."
                )
        specs = {tag: own.spec for tag, own in tags.items()}
        categories[name] = spec.model_copy(update={"tags": {**spec.tags, **specs}})
    if not overlay.tags:
        return taxonomy
    digest = hashlib.sha256(overlay.model_dump_json().encode()).hexdigest()[:_DIGITS]
    suffix = f"+own.{digest}"
    version = taxonomy.version[: _MOST_VERSION - len(suffix)] + suffix
    return taxonomy.model_copy(update={"categories": categories, "version": version})


def without(taxonomy: Taxonomy, dropped: OwnTags) -> Taxonomy:
    """Return the taxonomy without these (category, tag)."""
    categories = {
        name: spec.model_copy(
            update={"tags": {tag: own for tag, own in spec.tags.items() if (name, tag) not in dropped}}
        )
        for name, spec in taxonomy.categories.items()
    }
    return taxonomy.model_copy(update={"categories": categories})
