"""From what a person says to the event that tells it, with the asset's tags as they stand after it: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4

from pydantic import ValidationError

from consumer.storage.tables.verdict_reads import StoredAsset, TagOnRecord
from consumer.tagging.bundle.vocabulary import Vocabulary, did_you_mean
from schemas import AssetReviewed, CausedBy, ReviewedTag, Verdict, Word
from schemas.reviewed import HUMAN
from schemas.wire import explain


class SaidError(ValueError):
    """What was said cannot be an event; one sentence says what to say instead."""


class AssetUnknownError(SaidError):
    """Nobody knows the asset."""


class NewTagError(SaidError):
    """The tag is not in the vocabulary, and nobody said that it shall be new; ``nearest`` are those it may be."""

    def __init__(self, sentence: str, nearest: tuple[str, ...]) -> None:
        super().__init__(sentence)
        self.nearest = nearest


@dataclass(frozen=True, slots=True)
class Said:
    """A person's word as it comes in.

    ``category`` None: the one in which the asset, or else the vocabulary, has the tag. ``is_new``: the tag may be one
    that the vocabulary does not have. ``event_id``: the same for the same word sent again, so that it counts once.
    """

    asset_id: str
    tag: str
    word: Word
    by: str
    category: str | None = None
    is_new: bool = False
    event_id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Decision:
    """The event, and the word on the same tag that it replaces (None: nobody had said anything)."""

    event: AssetReviewed
    replaced: Word | None


def decide(
    said: Said, asset: StoredAsset, vocabulary: Vocabulary | None, *, at: datetime, extracted_topic: str
) -> Decision:
    """Return the event; without a vocabulary any tag is taken, and none excludes others.

    Raises:
        SaidError: see there.

    """
    category = said.category or _category(said, asset, vocabulary)
    _check_known(said, category, asset, vocabulary)
    before = next((item.word for item in asset.tags if item.word and _names(item) == (category, said.tag)), None)
    if said.word is Word.WITHDRAWN and before is None:
        raise SaidError(f"nobody has said anything of {said.tag} of {said.asset_id!r}")
    settles = said.word.is_approval and vocabulary is not None and vocabulary.excludes(category)
    try:
        verdict = Verdict(category=category, tag=said.tag, word=said.word, settles=settles)
        event = AssetReviewed(
            event_id=said.event_id,
            schema_version=AssetReviewed.SCHEMA_VERSION,
            occurred_at=at,
            asset_id=said.asset_id,
            verdict=verdict,
            by=said.by,
            tags=standing_tags(after(asset, verdict).tags),
            caused_by=None
            if asset.place is None
            else CausedBy(topic=extracted_topic, partition=asset.place.partition, offset=asset.place.offset),
        )
    except ValidationError as error:
        raise SaidError(explain(error, "the verdict")) from error
    return Decision(event, None if before is None else Word(before))


def after(asset: StoredAsset, verdict: Verdict) -> StoredAsset:
    """Return the asset as the sink will have it once it has stored this word."""
    named = (verdict.category, verdict.tag)
    kept = tuple(item for item in asset.tags if item.word is None or _names(item) != named)
    if verdict.word is Word.WITHDRAWN:
        return replace(asset, tags=kept)
    confidence = 0.0 if verdict.word is Word.REJECTED else 1.0
    word = TagOnRecord(verdict.category, verdict.tag, confidence, None, verdict.word.value, verdict.settles)
    return replace(asset, tags=(*kept, word))


def standing_tags(tags: Sequence[TagOnRecord]) -> tuple[ReviewedTag, ...]:
    """Return what holds, highest confidence first, as the view current_tags has it: people win over the model."""
    said = {_names(item) for item in tags if item.word is not None}
    approved = [item for item in tags if item.word is not None and Word(item.word).is_approval]
    settled = {item.category for item in approved if item.settles}
    by_model = [
        ReviewedTag(
            tag=item.tag, category=item.category, confidence=item.confidence, source_model=item.source_model or "model"
        )
        for item in tags
        if item.word is None and _names(item) not in said and item.category not in settled
    ]
    by_people = [
        ReviewedTag(
            tag=item.tag,
            category=item.category,
            confidence=1,
            source_model=HUMAN,
            verdict="added" if item.word == Word.ADDED else "confirmed",
        )
        for item in approved
    ]
    return tuple(sorted([*by_people, *by_model], key=lambda tag: (-tag.confidence, tag.category, tag.tag)))


def _category(said: Said, asset: StoredAsset, vocabulary: Vocabulary | None) -> str:
    found = sorted({item.category for item in asset.tags if item.tag == said.tag})
    if not found and vocabulary is not None and said.word.is_approval:
        found = list(vocabulary.categories_of(said.tag))
    if len(found) == 1:
        return found[0]
    if found:
        raise SaidError(f"{said.tag} is a tag of {_and(found)}: say of which category yours is")
    if said.word is Word.WITHDRAWN:
        raise SaidError(f"nobody has said anything of {said.tag} of {said.asset_id!r}")
    if vocabulary is not None and not said.is_new:
        raise _unknown(said.tag, None, vocabulary)
    raise SaidError(f"{said.asset_id!r} has no tag {said.tag}: say of which category it is")


def _check_known(said: Said, category: str, asset: StoredAsset, vocabulary: Vocabulary | None) -> None:
    if vocabulary is None or said.is_new or not said.word.is_approval or vocabulary.has(category, said.tag):
        return
    # A model of another vocabulary, or a person, has put it there.
    if any(_names(item) == (category, said.tag) for item in asset.tags):
        return
    raise _unknown(said.tag, category, vocabulary)


def _unknown(tag: str, category: str | None, vocabulary: Vocabulary) -> NewTagError:
    elsewhere = vocabulary.categories_of(tag) if category else ()
    if elsewhere:
        return NewTagError(
            f"the taxonomy {vocabulary.name} has {tag} in {_and(elsewhere)}, not in {category}", elsewhere
        )
    nearest = vocabulary.nearest(tag, category) or vocabulary.nearest(tag)
    where = f" in {category}" if category else ""
    return NewTagError(f"the taxonomy {vocabulary.name} has no tag {tag!r}{where}{did_you_mean(nearest)}", nearest)


def _names(item: TagOnRecord) -> tuple[str, str]:
    return item.category, item.tag


def _and(names: Iterable[str]) -> str:
    return " and ".join(names)
