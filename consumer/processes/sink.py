"""Wires the sink: settings, database, engine."""

from __future__ import annotations

from typing import Final

from consumer.concurrency.batching import Batcher
from consumer.kafka.clients import make_consumer, make_producer
from consumer.kafka.publisher import Publisher
from consumer.processes.dependencies import Dependency, Destinations
from consumer.processes.process import Process, run_engine, until_open
from consumer.services.faults import sink_faults
from consumer.services.storing.sink import StoringHandler, measured, taken_ids_told
from consumer.settings import EngineSettings, OperationsSettings, SinkSettings
from consumer.storage.errors import DatabaseSetupError, DatabaseUnavailableError
from consumer.storage.tables.tags import TagStore
from consumer.stream.engine import StreamEngine
from schemas.connections import DatabaseConnection, KafkaConnection, TopicSettings
from schemas.topics import DEAD_LETTER_MESSAGE_BYTES, dead_letter_topic

# PostgreSQL works off a transaction on one CPU, and what waits for its disk lets another go on.
_TRANSACTIONS: Final = 2


async def run() -> None:
    """Store until SIGTERM or SIGINT.

    Raises:
        ValidationError: a setting is missing or out of range.
        StartupError: the tables are not those that this version works with, or a pooler in transaction mode is before
            them.

    """
    settings, engine_settings = SinkSettings(), EngineSettings()
    kafka, database, topics = KafkaConnection(), DatabaseConnection(), TopicSettings().topics
    stream = engine_settings.for_stream(
        topic=settings.topic or topics.tagged,
        group=settings.group or topics.sink_group,
        max_records=settings.max_records_in_flight,
        max_bytes=settings.max_bytes_in_flight,
        further_topics=(topics.reviewed,),
    )
    async with Process.open("sink", OperationsSettings()) as process:
        store = await until_open(
            "database",
            lambda: TagStore.open(database, process.metrics.embeddings_waiting, taken_ids_told(process.metrics)),
            process,
            stream.backoff,
            hopeless=DatabaseSetupError,
            outage=DatabaseUnavailableError,
        )
        if store is None:
            return
        writer = Batcher(
            measured(store.write_isolating, process.metrics), max_batch=settings.max_batch, at_once=_TRANSACTIONS
        )
        publisher = Publisher(lambda: make_producer(kafka, stream.client_id), stream.publish_timeout_seconds)
        service = Dependency("database", store.ping)
        engine = StreamEngine(
            stream,
            StoringHandler(writer, process.metrics, topics.reviewed),
            sink_faults(),
            make_consumer=lambda: make_consumer(kafka, stream),
            publisher=publisher,
            observer=process.metrics,
            known_outage=lambda: service.problem,
        )
        try:
            letters = {dead_letter_topic(topic): DEAD_LETTER_MESSAGE_BYTES for topic in stream.topics}
            await run_engine(process, engine, [service], Destinations(kafka, publisher, letters))
        finally:
            await writer.close()
            await store.close()
