"""Wires the tagger: settings, model, clients, engine."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack

import structlog

from consumer.imaging.picture import ImageLimits
from consumer.kafka.clients import make_consumer, make_producer
from consumer.kafka.publisher import Publisher
from consumer.processes.dependencies import Dependency, Destinations
from consumer.processes.process import Process, run_engine
from consumer.services.faults import tagger_faults
from consumer.services.model import open_pipeline
from consumer.services.reuse import open_reuse
from consumer.services.tagger import make_handler
from consumer.settings import EngineSettings, ModelSettings, OperationsSettings, TaggerSettings
from consumer.storage.objects import ObjectStore
from consumer.stream.engine import StreamEngine
from schemas.connections import KafkaConnection, ObjectStoreConnection, TopicSettings
from schemas.topics import DEAD_LETTER_MESSAGE_BYTES, MAX_MESSAGE_BYTES, dead_letter_topic

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
        store = ObjectStore(store_connection, readable_prefix=settings.readable_prefix)
        opened.callback(store.close)
        reuse = await opened.enter_async_context(open_reuse(settings, pipeline.model, process.metrics))
        handler = make_handler(settings, store, pipeline, process.metrics, reuse=reuse, output_topic=topics.tagged)
        stream = engine_settings.for_stream(
            topic=topics.extracted,
            group=settings.group or topics.tagger_group,
            max_records=settings.max_records_in_flight,
            max_bytes=settings.max_bytes_in_flight,
        )
        publisher = Publisher(lambda: make_producer(kafka, stream.client_id), stream.publish_timeout_seconds)
        service = Dependency("object store", store.check_reads)
        engine = StreamEngine(
            stream,
            handler,
            tagger_faults(settings.missing_object_grace_seconds),
            make_consumer=lambda: make_consumer(kafka, stream),
            publisher=publisher,
            observer=process.metrics,
            known_outage=lambda: service.problem,
        )
        _log.info(
            "tagger.ready",
            model=pipeline.model.id,
            precision=pipeline.model.precision,
            calibrated=pipeline.model.calibrated,
            taxonomy=f"{pipeline.taxonomy.id} {pipeline.taxonomy.version}",
            seconds=round(time.perf_counter() - started, 2),
        )
        largest_bytes = {
            topics.tagged: MAX_MESSAGE_BYTES,
            dead_letter_topic(stream.topic): DEAD_LETTER_MESSAGE_BYTES,
        }
        await run_engine(process, engine, [service], Destinations(kafka, publisher, largest_bytes))
