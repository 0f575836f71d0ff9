"""The tagger: asset-extracted in, asset-tagged out.

A record's way is one walk without turning back: receive → fetch → decode → embed → score → publish (→ commit, which is
the engine's). What is recalled of equal content shortens it, and changes nothing in its result.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np

from consumer.concurrency.deadline import off_the_clock
from consumer.kafka.records import Publication, SourceRecord
from consumer.services.allow_list import Admission
from consumer.services.clocks import ClockWatch
from consumer.services.errors import ChecksumMismatchError, ImageMismatchError
from consumer.services.names import names_of
from consumer.services.reuse import Known, Reuse
from consumer.settings import TaggerSettings
from consumer.storage.object_reader import ObjectContent
from consumer.storage.objects import ObjectStore
from consumer.stream.failures.faults import at_stage
from consumer.stream.processing.budget import ByteBudget
from consumer.tagging.looking import Stated, stated_by
from consumer.tagging.pipeline import EmbeddedImage, ImageFacts, PreparedImage, TaggingPipeline
from consumer.tagging.tagging_result import TaggedBy, TaggingResult, tagged_event
from consumer.telemetry.metrics import Metrics
from schemas import (
    AssetExtracted,
    AssetTagged,
    CausedBy,
    Embedding,
    MalformedEventError,
    ObjectRef,
    Stage,
    TimingsMs,
    check_headers,
    decode_event,
    event_record,
    header_text,
    removed_asset,
)
from schemas.headers import SourcePlace, with_caused_by

EVENT_SOURCE = "/aegis/tagger"


class TaggingHandler:
    """Tags one record; safe to call again for the same record, which gives the same event id."""

    def __init__(
        self,
        *,
        output_topic: str,
        store: ObjectStore,
        admission: Admission,
        pipeline: TaggingPipeline,
        reuse: Reuse,
        decoders: int,
        budget: ByteBudget,
        max_object_bytes: int,
        metrics: Metrics,
    ) -> None:
        self._output_topic = output_topic
        self._store = store
        self._admission = admission
        self._pipeline = pipeline
        self._reuse = reuse
        self._by = TaggedBy(pipeline.model, pipeline.taxonomy)
        self._decoders = asyncio.Semaphore(decoders)
        self._budget = budget
        self._max_object_bytes = max_object_bytes
        self._metrics = metrics
        self._clocks = ClockWatch(metrics)

    async def __call__(self, record: SourceRecord) -> Sequence[Publication]:
        """Return the tagged event, or the tombstone of a removed asset."""
        wait_ms = max(0.0, time.time() * 1000 - record.timestamp_ms)
        with at_stage(Stage.DECODE_EVENT):
            event = receive(record)
        if event is None:
            return (self._forward_tombstone(record),)
        event = event.model_copy(update={"occurred_at": self._clocks.hold(event.occurred_at, record)})

        # The record's clock runs for what its own bytes make slow; store and inference have deadlines of their own.
        async with self._budget.hold(_size_or(event.object, self._max_object_bytes)):
            started = time.perf_counter()
            with at_stage(Stage.FETCH), off_the_clock():
                fetched = await self._fetch(event.object)
                fetch_ms = _since_ms(started)
                recalled = await self._reuse.recall(fetched.sha256)
            with at_stage(Stage.DECODE_IMAGE):
                prepared = await self._decode(fetched, recalled, event)
        with at_stage(Stage.EMBED), off_the_clock():
            embedded = await self._embed(prepared, recalled)
        with at_stage(Stage.SCORE):
            scored = await self._pipeline.score_together(embedded.vector, prepared.facts, names_of(event))
        self._reuse.remember(fetched.sha256, embedded.vector, prepared.facts)

        findings = self._pipeline.findings(event.asset_id, prepared.facts)
        stored = event.object.model_copy(update={"size": len(fetched.data), "sha256": fetched.sha256})
        result = TaggingResult(
            info=prepared.facts.info,
            tags=scored.tags,
            candidates=scored.candidates,
            pixel_evidence=prepared.facts.evidence,
            embedding=Embedding.from_array(embedded.vector),
            timings_ms=TimingsMs(
                wait=round(wait_ms, 3),
                fetch=round(fetch_ms, 3),
                decode=round(prepared.decode_ms, 3),
                embed=round(embedded.embed_ms, 3),
                score=round(scored.score_ms, 3),
            ),
            findings=findings,
        )
        self._metrics.stages_timed(result.timings_ms)
        self._metrics.findings_told(finding.name for finding in findings or ())
        caused_by = CausedBy(topic=record.topic, partition=record.partition, offset=record.offset)
        return (self._publish(tagged_event(event, stored, result, self._by, caused_by), record),)

    def _forward_tombstone(self, record: SourceRecord) -> Publication:
        """Tell subscribers that the asset was removed, when and where: what was extracted before is void."""
        removed_at_ms = record.timestamp_ms if record.timestamp_ms >= 0 else None
        headers = with_caused_by(record.headers, record.topic, SourcePlace(record.partition, record.offset))
        return Publication(self._output_topic, record.key, None, headers, removed_at_ms)

    async def _fetch(self, reference: ObjectRef) -> ObjectContent:
        self._admission.check(reference)
        content = await self._store.get_content(
            reference.bucket, reference.key, max_bytes=self._max_object_bytes, stated_sha256=reference.sha256
        )
        _verify(content, reference)
        return content

    @asynccontextmanager
    async def _decoder(self) -> AsyncIterator[None]:
        """Hold one of the decoders; the wait for it is nobody's fault."""
        with off_the_clock():
            await self._decoders.acquire()
        try:
            yield
        finally:
            self._decoders.release()

    async def _decode(self, fetched: ObjectContent, known: Known | None, event: AssetExtracted) -> PreparedImage:
        told = stated_by(event) if self._pipeline.looks_over else None
        if known is not None and known.facts is not None and _suffices(known.facts, told):
            prepared = PreparedImage(known.facts, pixels=None, decode_ms=0)
        else:
            async with self._decoder():
                prepared = await self._pipeline.prepare(fetched.data, for_model=known is None, stated=told)
        stated, actual = event.image, prepared.facts.info
        if stated is not None and {stated.width, stated.height} != {actual.width, actual.height}:
            raise ImageMismatchError(
                f"the event states {stated.width} by {stated.height} pixels, "
                f"the object has {actual.width} by {actual.height}"
            )
        return prepared

    async def _embed(self, prepared: PreparedImage, known: Known | None) -> EmbeddedImage:
        if known is not None:
            return EmbeddedImage(known.vector.astype(np.float32), embed_ms=0)
        return await self._pipeline.embed(prepared)

    def _publish(self, tagged: AssetTagged, record: SourceRecord) -> Publication:
        traceparent = header_text(record.headers, "traceparent")
        return Publication(self._output_topic, *event_record(tagged, source=EVENT_SOURCE, traceparent=traceparent))


def receive(record: SourceRecord) -> AssetExtracted | None:
    """Read the event of a record, None for the tombstone of a removed asset.

    Raises:
        EventDecodeError: it is neither, of a major version that we do not know, or not of this key.

    """
    check_headers(record.headers)
    if record.value is None:
        removed_asset(record.key, record.timestamp_ms)
        return None
    event = decode_event(AssetExtracted, record.value)
    if record.key != event.asset_id.encode():
        key = (record.key or b"").decode(errors="replace")[:80]
        raise MalformedEventError(f"the record's key is {key!r}, its asset_id {event.asset_id[:80]!r}: make them equal")
    return event


def _size_or(reference: ObjectRef, default: int) -> int:
    return default if reference.size is None else min(reference.size, default)


def _verify(content: ObjectContent, reference: ObjectRef) -> None:
    size_bytes = len(content.data)
    if reference.size is not None and reference.size != size_bytes:
        raise ChecksumMismatchError(f"the event states {reference.size} bytes, the object has {size_bytes}")
    if reference.sha256 is not None and reference.sha256 != content.sha256:
        raise ChecksumMismatchError(f"the event states sha256 {reference.sha256}, the object has {content.sha256}")


def _suffices(facts: ImageFacts, told: Stated | None) -> bool:
    """Tell whether equal content was looked over as what this event says it is; by another name it may be wrong."""
    return told is None or facts.looked_over is None or facts.looked_over.stated == told


def _since_ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def make_handler(
    settings: TaggerSettings,
    store: ObjectStore,
    pipeline: TaggingPipeline,
    metrics: Metrics,
    *,
    reuse: Reuse,
    output_topic: str,
) -> TaggingHandler:
    """Return the tagger's handler as the settings want it; a replay uses the same."""
    return TaggingHandler(
        output_topic=output_topic,
        store=store,
        admission=Admission(frozenset(settings.allowed_buckets or (store.bucket,)), settings.allowed_key_prefixes),
        pipeline=pipeline,
        reuse=reuse,
        decoders=pipeline.decodes_at_once,
        budget=ByteBudget(settings.max_bytes_in_flight),
        max_object_bytes=settings.max_object_bytes,
        metrics=metrics,
    )
