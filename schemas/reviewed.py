"""``asset-reviewed``: a person's word on a tag of an asset, and the asset's tags as they stand after it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import FailFast, Field, model_validator

from schemas.base import NO_NUL, Event, WireModel
from schemas.tagged import CausedBy, Tag, check_fits_index, check_sorted

# What stands in source_model of a tag that a person confirmed or added.
HUMAN = "human"
# The category of a word on two textures, whose tag is the SHA-256 of the other one's content.
DUPLICATE_OF = "duplicate_of"


class Word(StrEnum):
    """What a person says of a tag; WITHDRAWN takes back whatever was said before."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    ADDED = "added"
    WITHDRAWN = "withdrawn"

    @property
    def is_approval(self) -> bool:
        """Whether the tag holds by this word."""
        return self in {Word.CONFIRMED, Word.ADDED}


class Verdict(WireModel):
    """A person's word on one tag of the asset."""

    category: str = Field(
        min_length=1,
        max_length=128,
        pattern=NO_NUL,
        description="Category of the tag; in duplicate_of the tag is the SHA-256 of another content, of which the "
        "asset is no duplicate where the word is rejected",
    )
    tag: str = Field(min_length=1, max_length=128, pattern=NO_NUL, description="Name of the tag")
    word: Word = Field(
        description="confirmed: the tag is right; rejected: it is wrong; added: it was missing; withdrawn: the word "
        "before is taken back, and the model's tag counts again"
    )
    settles: bool = Field(
        default=False,
        description="True if the tags of the category exclude each other: once one is confirmed or added, the model's "
        "others of the category no longer count",
    )

    @model_validator(mode="after")
    def _fits_an_index(self) -> Self:
        check_fits_index("verdict", self.category, self.tag)
        return self


class ReviewedTag(Tag):
    """A tag as in asset-tagged; ``source_model`` is human where a person confirmed or added it."""

    verdict: Literal["confirmed", "added"] | None = Field(
        default=None, description="What a person said of it; missing where nobody did"
    )


class AssetReviewed(Event):
    """Published when a person has said something of a tag; for one tag of one asset the newest word counts.

    The newest is the one whose record lies last in its partition. ``tags`` are the asset's tags as its writer knew
    them, with this word applied, so that a subscriber needs no other topic.
    """

    CE_TYPE: ClassVar[str] = "aegis.asset.reviewed.v1"
    SCHEMA_VERSION: ClassVar[str] = "1.0"

    verdict: Verdict
    by: str = Field(min_length=1, max_length=128, pattern=NO_NUL, description="Name of the person")
    tags: Annotated[tuple[ReviewedTag, ...], FailFast()] = Field(
        description="Tags of the asset after this word, highest confidence first"
    )
    caused_by: CausedBy | None = Field(
        default=None, description="Record of the extraction whose picture was reviewed, if it is known"
    )

    @model_validator(mode="after")
    def _tags_are_sorted(self) -> Self:
        check_sorted(self.tags)
        return self
