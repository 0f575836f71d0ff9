"""Tagging a sample with two models or vocabularies, and telling what differs; nothing is published or stored."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from consumer.imaging.errors import ImageRejectedError
from consumer.services.names import names_of
from consumer.storage.errors import ObjectForbiddenError, ObjectMissingError, ObjectTooLargeError
from consumer.storage.objects import ObjectStore
from consumer.storage.tables.lookups import SampledAsset
from consumer.tagging.pipeline import TaggingPipeline
from consumer.tagging.scoring.changes import Change

_AT_ONCE: Final = 16
# What is wrong with one object, and would be for a tagger, too; an outage is none of these.
_UNREADABLE: Final = (ObjectMissingError, ObjectForbiddenError, ObjectTooLargeError, ImageRejectedError)


@dataclass(slots=True)
class Comparison:
    """All of the sample that could be read, and the images of its largest changes, largest first."""

    changes: list[Change] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    largest: list[tuple[Change, bytes]] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return sum(change.is_one for change in self.changes)


class Comparer:
    """``before`` and ``after`` are pipelines of one process; where their model is the same, it runs once.

    ``seen_alike``: both models take an image in the same way, so that it is prepared once.
    """

    def __init__(
        self,
        store: ObjectStore,
        before: TaggingPipeline,
        after: TaggingPipeline,
        *,
        seen_alike: bool,
        max_bytes: int,
        kept: int = 24,
    ) -> None:
        self._store = store
        self._before = before
        self._after = after
        self._seen_alike = seen_alike
        self._max_bytes = max_bytes
        self._kept = kept

    async def compare(self, sample: Sequence[SampledAsset], on_done: Callable[[], None]) -> Comparison:
        """Tag every asset of the sample twice.

        Raises:
            StoreUnavailableError: the object store does not answer.

        """
        comparison = Comparison()
        largest: list[tuple[float, str, Change, bytes]] = []
        waiting = iter(sample)

        async def work() -> None:
            for asset in waiting:
                try:
                    change, data = await self._one(asset)
                except _UNREADABLE as error:
                    comparison.unreadable.append(f"{asset.asset_id}: {error}")
                else:
                    comparison.changes.append(change)
                    if change.is_one:
                        heapq.heappush(largest, (change.size, change.asset_id, change, data))
                    if len(largest) > self._kept:
                        heapq.heappop(largest)
                on_done()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_AT_ONCE):
                    group.create_task(work())
        except ExceptionGroup as failures:
            # Of an outage each of them tells the same.
            raise failures.exceptions[0] from failures
        comparison.largest = [(change, data) for *_, change, data in sorted(largest, reverse=True)]
        return comparison

    async def _one(self, asset: SampledAsset) -> tuple[Change, bytes]:
        data = await self._store.get(asset.bucket, asset.object_key, max_bytes=self._max_bytes)
        prepared = await self._before.prepare(data)
        vector = (await self._before.embed(prepared)).vector
        names = names_of(asset)
        before = self._before.score(vector, prepared.facts, names).tags
        if self._after.model.digest != self._before.model.digest:
            again = prepared if self._seen_alike else await self._after.prepare(data)
            vector = (await self._after.embed(again)).vector
        after = self._after.score(vector, prepared.facts, names).tags
        return Change(asset.asset_id, before, after), data
