"""Where people's words come in: understood, published and acknowledged, before anybody is told that they are saved."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Final
from uuid import UUID

from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication
from consumer.reviewing.deciding import AssetUnknownError, Decision, Said, after, decide
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.verdict_reads import StoredAsset, known_events, stored_assets
from consumer.tagging.bundle.vocabulary import Vocabulary
from consumer.tracing.spans import sending
from schemas import AssetReviewed, Topics, Word, event_record, utc_now

_LOOK_SECONDS: Final = 0.05
_MOST_REMEMBERED: Final = 10_000


class ReviewDesk:
    """Takes words on stored assets.

    One call is decided at a time, and each sees the words that went before it, stored by the sink already or not. Words
    that another process takes at the same moment are seen once the sink has stored them; which of two on one tag counts
    is decided by their places on the topic, never here.
    """

    def __init__(
        self, reader: TagReader, publisher: Publisher, topics: Topics, vocabulary: Vocabulary | None, *, source: str
    ) -> None:
        """``source``: ``ce_source`` of the events, e.g. ``/aegis/gateway``."""
        self._reader = reader
        self._publisher = publisher
        self._topics = topics
        self._vocabulary = vocabulary
        self._source = source
        self._turn = asyncio.Lock()
        # Acknowledged, and perhaps not stored yet; oldest first.
        self._recent: dict[UUID, AssetReviewed] = {}

    async def record(self, words: Sequence[Said]) -> list[Decision]:
        """Publish all of them, in this order; on return all in-sync replicas have them.

        Raises:
            SaidError: one of them cannot be an event; none was published.
            KafkaError: not all were acknowledged; sent again with the same ids, each counts once.
            DatabaseError: the assets cannot be read; none was published.

        """
        async with self._turn:
            assets = await self._assets([word.asset_id for word in words])
            decisions = []
            for word in words:
                if word.asset_id not in assets:
                    raise AssetUnknownError(
                        f"no asset {word.asset_id!r} is stored: it was not tagged yet, or was removed"
                    )
                decision = decide(
                    word,
                    assets[word.asset_id],
                    self._vocabulary,
                    at=utc_now(),
                    extracted_topic=self._topics.extracted,
                )
                assets[word.asset_id] = after(assets[word.asset_id], decision.event.verdict)
                decisions.append(decision)
            await self.publish([decision.event for decision in decisions])
            self._remember([decision.event for decision in decisions])
            return decisions

    def settles(self, word: Word, category: str) -> bool:
        """Tell whether such a word leaves no room for other tags of the category."""
        return word.is_approval and self._vocabulary is not None and self._vocabulary.excludes(category)

    async def publish(self, events: Sequence[AssetReviewed]) -> None:
        """Return when all in-sync replicas have the events; raises KafkaError."""
        records = [Publication(self._topics.reviewed, *event_record(event, source=self._source)) for event in events]
        with sending(records) as traced:
            await self._publisher.send(traced)

    async def stored(self, event_ids: Sequence[UUID], *, timeout_seconds: float) -> bool:
        """Wait until the sink has stored these events; False where that takes longer. Raises DatabaseError."""
        deadline = monotonic() + timeout_seconds
        while len(await known_events(self._reader, event_ids)) < len(set(event_ids)):
            if monotonic() >= deadline:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        return True

    async def _assets(self, asset_ids: Sequence[str]) -> dict[str, StoredAsset]:
        """Return the assets as they will stand once the sink has stored all that went through here."""
        wanted = frozenset(asset_ids)
        waiting = [event_id for event_id, event in self._recent.items() if event.asset_id in wanted]
        # In this order: what is stored between the two questions is applied once more, which changes nothing.
        for event_id in await known_events(self._reader, waiting) if waiting else ():
            del self._recent[event_id]
        assets = await stored_assets(self._reader, wanted)
        for event in self._recent.values():
            if event.asset_id in assets:
                assets[event.asset_id] = after(assets[event.asset_id], event.verdict)
        return assets

    def _remember(self, events: Sequence[AssetReviewed]) -> None:
        for event in events:
            self._recent[event.event_id] = event
        while len(self._recent) > _MOST_REMEMBERED:
            del self._recent[next(iter(self._recent))]
