"""One process of a retag: tagged events in, the same events under another vocabulary out."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from consumer.kafka.clients import make_consumer, make_producer
from consumer.kafka.closing import close_consumer
from consumer.kafka.publisher import Publisher
from consumer.replay.overture import Overture
from consumer.replay.plans.plan import Start
from consumer.replay.progress import OnProgress, OnRead
from consumer.replay.rescoring import Rescorer
from consumer.replay.retag_loop import EVENT_SOURCE, RetagLoop, RetagWork
from consumer.replay.selecting.newest import Keys
from consumer.replay.selecting.tagged_selection import TaggedCounts, Vocabulary, select_tagged
from consumer.settings import EngineSettings, ModelSettings
from consumer.tagging.bundle.bundle import Bundle
from schemas import header_text
from schemas.connections import KafkaConnection, TopicSettings

_CLOSE_SECONDS: Final = 10.0
# As much as a topic takes, were it not to compress at all: a batch waits for the one before it.
_BATCH_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RetagRequest:
    """Which events get the bundle's vocabulary, and where they go; None: asset-tagged, where they came from."""

    name: str
    bundle: Bundle
    input_topic: str | None = None
    output_topic: str | None = None

    @property
    def group(self) -> str:
        return f"{TopicSettings().prefix}aegis-retag-{self.name}"

    def purpose(self, taxonomy_digest: str) -> str:
        """Return what every process of this retag must mean."""
        return f"{self.bundle.manifest.id} {self.bundle.digest[7:19]} {taxonomy_digest[7:19]}" + (
            f" to {self.output_topic}" if self.output_topic else ""
        )


@dataclass(frozen=True, slots=True)
class RetagReport:
    """What a process saw: of the whole retag (``counts``, ``complete``), and of its own part.

    ``image_keys``: digests of the keys whose newest event cannot be scored without the image.
    """

    counts: TaggedCounts
    complete: bool
    image_keys: Keys | None = None
    retagged_here: int = 0


async def run_retag(
    request: RetagRequest, stop: asyncio.Event, on_read: OnRead, on_progress: OnProgress
) -> RetagReport:
    """Retag until the end, or until ``stop`` is set; whatever is left the next process of its name does.

    Raises:
        PlanError: the name stands for another retag.
        KafkaError: it cannot begin.

    """
    kafka, topics = KafkaConnection(), TopicSettings().topics
    source, target = request.input_topic or topics.tagged, request.output_topic or topics.tagged
    stream = EngineSettings().for_stream(topic=source, group=request.group, max_records=1, max_bytes=1)
    use_names = ModelSettings().use_names
    taxonomy_digest = request.bundle.taxonomy_ref(names=use_names).digest
    vocabulary = Vocabulary(request.bundle.digest, taxonomy_digest, always=source != target)
    async with AsyncExitStack() as opened:
        purpose = request.purpose(taxonomy_digest)
        overture = await opened.enter_async_context(Overture.of(kafka, stream, Start(), purpose))
        selection = await overture.selected(partial(select_tagged, vocabulary=vocabulary, on_read=on_read))
        run = overture.run(selection, on_progress)
        if await run.is_done():
            return RetagReport(selection.counts, complete=True, image_keys=selection.image_keys)
        changed = await opened.enter_async_context(overture.changed_since(_is_ours))
        publisher = Publisher(
            lambda: make_producer(kafka, stream.client_id, max_batch_bytes=_BATCH_BYTES), stream.publish_timeout_seconds
        )
        opened.push_async_callback(publisher.stop)
        consumer = make_consumer(kafka, stream)
        opened.push_async_callback(close_consumer, consumer, _CLOSE_SECONDS)
        await consumer.start()
        work = RetagWork(
            overture.plan, selection, changed, Rescorer(request.bundle, use_names=use_names), source, target
        )
        loop = RetagLoop(work, consumer, publisher)
        async with run.watched(stop, lambda: loop.trouble) as ended:
            await loop.run(ended)
        return RetagReport(selection.counts, await run.is_done(), selection.image_keys, loop.retagged)


def _is_ours(record: Any) -> bool:
    return header_text(record.headers, "ce_source") == EVENT_SOURCE
