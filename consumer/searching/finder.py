"""The one search: names and paths, tags and their synonyms, and looks, each a ranking; fused by reciprocal ranks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from consumer.concurrency.waits import together
from consumer.searching.by_names import DEPTH, by_names
from consumer.searching.fusing import Evidence, Fused, Heard, Ranking, fuse
from consumer.searching.meaning import meaning_of, unknown_tags
from consumer.storage.tables.likeness import LikeQuery, nearest
from consumer.storage.tables.reads import AssetSummary, TagReader
from consumer.storage.tables.search.by_tags import tagged_with
from consumer.storage.tables.search.filters import EVERYTHING, SearchFilter
from consumer.storage.tables.textures import embedding_of, texture
from consumer.tagging.bundle.vocabulary import Vocabulary, did_you_mean

_LOOKS_DEPTH: Final = 400


class LikeUnknownError(LookupError):
    """The asset to compare with is not stored, or has no embedding yet; one sentence says which."""


class Words(Protocol):
    """Words as an embedding [dim], in the space of the model of this digest; blocks."""

    model_digest: str

    def __call__(self, words: str, /) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as an embedding [dim] of the model of this digest."""

    embedding: npt.NDArray[np.floating]
    model_digest: str


@dataclass(frozen=True, slots=True)
class Question:
    """``words``, or ``like`` (an asset's id, or a picture), or both; ``offset`` results were shown already."""

    words: str = ""
    like: str | Picture | None = None
    where: SearchFilter = EVERYTHING
    limit: int = 20
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """An asset that was found; ``evidences`` say by what (name, tag, looks), ``similarity`` is None without looks."""

    asset: AssetSummary
    score: float
    evidences: tuple[Evidence, ...]
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Findings:
    """One page; ``more`` tells whether there is another, ``notes`` what may be misspelt, ``meant`` what was meant."""

    found: tuple[Found, ...]
    more: bool
    notes: tuple[str, ...]
    meant: str = ""


class Finder:
    """Answers questions; ``words`` None: the model has no text tower, so names and tags must do."""

    def __init__(self, reader: TagReader, vocabulary: Vocabulary | None, words: Words | None) -> None:
        self._reader = reader
        self.vocabulary = vocabulary
        self._words = words

    async def __call__(self, question: Question) -> Findings:
        """Return one page of what fits best.

        Raises:
            LikeUnknownError: see there.
            DatabaseError: the tables cannot be read.

        """
        to_words: dict[str, float] = {}
        to_picture: dict[str, float] = {}
        asked: list[Awaitable[Heard]] = []
        if question.words:
            asked.append(self._by_words(question.words, question.where, to_words))
        if question.like is not None:
            asked.append(self._by_looks(self._picture(question.like), question.where, to_picture))
        heard = await together(asked)
        fused = fuse([ranking for part in heard for ranking in part.rankings])
        shown = fused[question.offset : question.offset + question.limit]
        return Findings(
            await self._told(shown, to_words | to_picture),
            len(fused) > question.offset + question.limit,
            (
                *unknown_tags(question.where.tags, self.vocabulary),
                *(
                    f"nothing is called {word}{did_you_mean([known])}"
                    for part in heard
                    for word, known in part.near.items()
                ),
            ),
            next((part.meant for part in heard if part.meant), ""),
        )

    async def _by_words(self, words: str, where: SearchFilter, similarities: dict[str, float]) -> Heard:
        """Ask for the words as they are; where nothing is called so, also as somebody may have meant them."""
        meaning = meaning_of(words, self.vocabulary)
        asked = [by_names(self._reader, meaning, where, self.vocabulary), self._by_tag(meaning.tags, where)]
        if self._words is not None:
            asked.append(self._by_looks(self._imagined(self._words, words), where, similarities))
        heard = await together(asked)
        near = heard[0].near
        meant = " ".join(near.get(word, word) for word in meaning.words) if near else ""
        if meant:
            tags = meaning_of(meant, self.vocabulary).tags
            asked = [self._by_tag([tag for tag in tags if tag not in meaning.tags], where)]
            # The model knows what a word of known parts looks like, which a misspelt one hides from it.
            if self._words is not None and any(known not in word for word, known in near.items()):
                asked.append(self._by_looks(self._imagined(self._words, meant), where, similarities))
            heard += await together(asked)
        return Heard(tuple(ranking for part in heard for ranking in part.rankings), near, meant)

    async def _by_tag(self, tags: Sequence[str], where: SearchFilter) -> Heard:
        return Heard((Ranking("tag", await tagged_with(self._reader, tags, where, DEPTH)),))

    async def _by_looks(self, told: Awaitable[Picture], where: SearchFilter, similarities: dict[str, float]) -> Heard:
        picture = await told
        query = LikeQuery(picture.embedding, picture.model_digest, _LOOKS_DEPTH, where)
        alike = await nearest(self._reader, query)
        similarities.update(alike)
        return Heard((Ranking("looks", list(alike)),))

    async def _imagined(self, embed: Words, words: str) -> Picture:
        return Picture(await asyncio.to_thread(embed, words), embed.model_digest)

    async def _picture(self, asked: str | Picture) -> Picture:
        if isinstance(asked, Picture):
            return asked
        asset_id = asked
        model = await texture(self._reader, asset_id)
        if model is None:
            raise LikeUnknownError(
                f"no asset {asset_id!r} is stored to compare with: it was not tagged yet, or removed"
            )
        digest = model.fields["model_digest"]
        embedding = await embedding_of(self._reader, model.fields["sha256"], digest)
        if embedding is None:
            raise LikeUnknownError(f"{asset_id!r} has no embedding to compare with yet: try again in a moment")
        return Picture(embedding, digest)

    async def _told(self, fused: Sequence[Fused], similarities: dict[str, float]) -> tuple[Found, ...]:
        assets = await self._reader.summaries([item.asset_id for item in fused])
        return tuple(
            Found(assets[item.asset_id], item.score, item.evidences, similarities.get(item.asset_id))
            for item in fused
            if item.asset_id in assets
        )
