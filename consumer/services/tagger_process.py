"""Wires the tagger: settings, model, clients, engine."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack

import structlog

from consumer.services.admission import Admission
from consumer.services.faults import tagger_faults
from consumer.services.model import open_pipeline
from consumer.services.process import Process, run_engine
from consumer.services.reuse import Reuse, open_reuse
from consumer.services.tagger import TaggingHandler
from consumer.settings import EngineSettings, ModelSettings, OperationsSettings, TaggerSettings
from consumer.storage.objects import ObjectStore
from consumer.stream.budget import ByteBudget
from consumer.stream.clients import make_consumer, make_producer
from consumer.stream.engine import StreamEngine
from consumer.stream.publisher import Publisher
from consumer.stream.settings import StreamSettings
from consumer.tagging.decode import ImageLimits
from consumer.tagging.pipeline import TaggingPipeline
from consumer.telemetry.metrics import Metrics
from schemas.connections import KafkaConnection, ObjectStoreConnection, TopicSettings

_log = structlog.get_logger(__name__)


async def run() -> None:
    """Tag until SIGTERM or SIGINT.

    Raises:
        ValidationError: a setting is missing or out of range.
        StartupError: the model cannot be loaded, or two settings contradict each other.

    """
    started = time.perf_counter()
    settings, model, engine_settings = TaggerSettings(), ModelSettings(), EngineSettings()
    kafka, store_connection, topics = KafkaConnection(), ObjectStoreConnection(), TopicSettings().topics
    async with Process.open("tagger", OperationsSettings()) as process, AsyncExitStack() as opened:
        limits = ImageLimits(max_bytes=settings.max_object_bytes, max_pixels=settings.max_pixels)
        pipeline = await open_pipeline(model, limits, process.metrics)
        opened.push_async_callback(pipeline.close)
        store = ObjectStore(store_connection)
        opened.callback(store.close)
        reuse = await opened.enter_async_context(open_reuse(settings, pipeline.model, process.metrics))
        handler = make_handler(settings, store, pipeline, process.metrics, reuse=reuse, output_topic=topics.tagged)
        stream = _stream_settings(engine_settings, settings, topics.extracted)
        engine = StreamEngine(
            stream,
            handler,
            tagger_faults(settings.missing_object_grace_seconds),
            make_consumer=lambda: make_consumer(kafka, stream),
            publisher=Publisher(lambda: make_producer(kafka, stream.client_id), stream.publish_timeout_seconds),
            observer=process.metrics,
        )
        _log.info(
            "tagger.ready",
            model=pipeline.model.id,
            precision=pipeline.model.precision,
            calibrated=pipeline.model.calibrated,
            taxonomy=f"{pipeline.taxonomy.id} {pipeline.taxonomy.version}",
            seconds=round(time.perf_counter() - started, 2),
        )
        await run_engine(process, engine, {"object store": store.ping})


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


def _stream_settings(engine: EngineSettings, tagger: TaggerSettings, topic: str) -> StreamSettings:
    return engine.for_stream(
        topic=topic,
        group=tagger.group,
        max_records=tagger.max_records_in_flight,
        max_bytes=tagger.max_bytes_in_flight,
    )
