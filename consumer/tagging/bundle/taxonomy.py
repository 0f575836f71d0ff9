"""The vocabulary of the tags as a file: categories, tags, prompts and thresholds, validated when read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from consumer.tagging.bundle.name_patterns import PATTERN

Evidence = Literal["clip", "pixels", "both", "names"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Probability = Annotated[float, Field(ge=0, le=1)]
Gain = Annotated[float, Field(ge=0, le=20)]
Phrase = Annotated[str, Field(min_length=1, max_length=200)]
NamePattern = Annotated[str, Field(pattern=PATTERN, max_length=64)]


class TaxonomyError(ValueError):
    """The taxonomy file cannot be used; the message says what to change, in one sentence."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TagSpec(_Strict):
    """One tag; what is None is the category's."""

    prompts: tuple[Phrase, ...] = Field(min_length=1)
    synonyms: tuple[str, ...] = ()
    names: tuple[NamePattern, ...] = Field(default=(), description="What files of this tag are called")
    evidence: Evidence | None = None
    threshold: Probability | None = None
    alias: Name | None = None
    off: bool = False

    @model_validator(mode="before")
    @classmethod
    def _off_is_a_word(cls, fields: Any) -> Any:
        """YAML 1.1 reads the key off as false."""
        if isinstance(fields, dict) and False in fields:
            return {"off" if key is False else key: value for key, value in fields.items()}
        return fields


class Category(_Strict):
    """Tags that answer one question; `exclusive` says that only one of them can be right."""

    exclusive: bool
    evidence: Evidence
    threshold: Probability
    least_gain: Gain | None = None
    templates: tuple[Phrase, ...] = Field(min_length=5)
    background: tuple[Phrase, ...] = Field(min_length=1)
    tags: dict[Name, TagSpec] = Field(min_length=1)

    @field_validator("templates")
    @classmethod
    def _one_slot_each(cls, templates: tuple[str, ...]) -> tuple[str, ...]:
        for template in templates:
            if template.count("{}") != 1:
                raise ValueError(f"template {template!r} needs exactly one {{}}")
        return templates

    @model_validator(mode="after")
    def _names_are_distinct(self) -> Self:
        shown = [self.shown_name(tag) for tag in self.tags]
        twice = {name for name in shown if shown.count(name) > 1}
        if twice:
            raise ValueError(f"two tags are shown as {', '.join(sorted(twice))}")
        return self

    def shown_name(self, tag: str) -> str:
        """Return the name that events carry."""
        return self.tags[tag].alias or tag

    def evidence_of(self, tag: str) -> Evidence:
        return self.tags[tag].evidence or self.evidence

    def threshold_of(self, tag: str) -> float:
        own = self.tags[tag].threshold
        return self.threshold if own is None else own

    def texts_of(self, tag: str) -> list[str]:
        """Return every prompt of the tag in every template."""
        return self._filled(self.tags[tag].prompts)

    def background_texts(self) -> list[list[str]]:
        """Return, for each background prompt, its templates filled."""
        return [self._filled((prompt,)) for prompt in self.background]

    def _filled(self, prompts: tuple[str, ...]) -> list[str]:
        return [template.replace("{}", prompt) for prompt in prompts for template in self.templates]


class Taxonomy(_Strict):
    """A whole taxonomy file."""

    id: str = Field(min_length=1, max_length=255)
    version: str = Field(min_length=1, max_length=64)
    categories: dict[Name, Category] = Field(min_length=1)

    @property
    def digest(self) -> str:
        """`sha256:` over the content; comments and layout of the file do not change it.

        What came later, and is not given, is no part of it: a taxonomy keeps the digest that it was compiled with.
        """
        unset = {name: {"least_gain"} for name, spec in self.categories.items() if spec.least_gain is None}
        content = self.model_dump_json(exclude={"categories": unset})
        return "sha256:" + hashlib.sha256(content.encode()).hexdigest()

    def clip_tags(self, category: str) -> list[str]:
        """Return the tags of `category` that the picture's embedding speaks for, in file order."""
        spec = self.categories[category]
        return [tag for tag in spec.tags if spec.evidence_of(tag) in {"clip", "both"}]


def load_taxonomy(path: Path) -> Taxonomy:
    """Read and validate a taxonomy file; raises TaxonomyError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TaxonomyError(f"Cannot read the taxonomy {path}: {error.strerror or error}.") from error
    return parse_taxonomy(text, str(path))


def parse_taxonomy(text: str, name: str = "taxonomy") -> Taxonomy:
    """Validate YAML text; `name` is used in messages only. Raises TaxonomyError."""
    try:
        return Taxonomy.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise TaxonomyError(f"{name} is not YAML: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise TaxonomyError(f"{name}: {where}: {first['msg']}.") from error
