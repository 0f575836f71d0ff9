"""Galleries in the order of what fits best: the one search, by words and by what looks like a texture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consumer.gateway.page.state import GalleryState
from consumer.gateway.refusals import RefusedError
from consumer.searching.finder import Finder, LikeUnknownError, Question
from consumer.storage.tables.gallery import Card, cards
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import SearchFilter

SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Ranked:
    """Cards, best first; ``note`` says what they are, ``more`` whether another page follows.

    ``advice`` are sentences on what may be misspelt, ``meant`` is the question without that, empty for none.
    """

    cards: Sequence[Card]
    note: str
    more: bool
    advice: str = ""
    meant: str = ""


class Ranking:
    """Answers galleries that are ranked, whose tags filter what is found."""

    def __init__(self, reader: TagReader, finder: Finder) -> None:
        self._reader = reader
        self._finder = finder

    async def __call__(self, state: GalleryState) -> Ranked:
        """Return one page of what fits best; raises RefusedError and DatabaseError."""
        where = SearchFilter(
            tags=state.tags,
            min_confidence=state.min_confidence if state.tags else 0.0,
            findings=state.findings,
            relation=state.relation or None,
        )
        question = Question(state.words, state.like or None, where, SHOWN, state.offset())
        try:
            findings = await self._finder(question)
        except LikeUnknownError as error:
            raise RefusedError(404, str(error)) from error
        found = await cards(self._reader, [item.asset.asset_id for item in findings.found])
        what = "What looks most like" if state.like else f"What fits “{state.words}” best"
        advice = ". ".join(note[0].upper() + note[1:] for note in findings.notes)
        return Ranked(found, what, findings.more, advice, findings.meant)
