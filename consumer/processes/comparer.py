"""Wires the comparer: settings, tables, object store, the sink's progress, engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from consumer.kafka.clients import make_admin, make_consumer, make_producer
from consumer.kafka.publisher import Publisher
from consumer.processes.dependencies import Dependency, Destinations
from consumer.processes.process import Process, run_engine, until_open
from consumer.searching.relatives import Relatives
from consumer.services.comparer import ComparingHandler
from consumer.services.faults import comparer_faults
from consumer.services.sink_progress import Place, SinkProgress
from consumer.settings import ComparerSettings, EngineSettings, OperationsSettings, SinkSettings
from consumer.storage.errors import DatabaseSetupError, DatabaseUnavailableError
from consumer.storage.objects import ObjectStore
from consumer.storage.tables.duplicates.hashes import check_hashes
from consumer.storage.tables.reads import TagReader
from consumer.stream.engine import StreamEngine
from schemas.connections import DatabaseConnection, KafkaConnection, ObjectStoreConnection, TopicSettings
from schemas.topics import DEAD_LETTER_MESSAGE_BYTES, MAX_MESSAGE_BYTES, dead_letter_topic


async def run() -> None:
    """Compare until SIGTERM or SIGINT.

    Raises:
        ValidationError: a setting is missing or out of range.
        StartupError: the tables are not those that this version works with, or a pooler in transaction mode is before
            them.

    """
    settings, engine_settings = ComparerSettings(), EngineSettings()
    kafka, database, topics = KafkaConnection(), DatabaseConnection(), TopicSettings().topics
    stream = engine_settings.for_stream(
        topic=topics.tagged,
        group=settings.group or topics.comparer_group,
        max_records=settings.max_records_in_flight,
        max_bytes=settings.max_bytes_in_flight,
    )
    async with Process.open("comparer", OperationsSettings()) as process, AsyncExitStack() as opened:
        reader = await until_open(
            "database",
            lambda: TagReader.open(database, writes=True),
            process,
            stream.backoff,
            hopeless=DatabaseSetupError,
            outage=DatabaseUnavailableError,
        )
        if reader is None:
            return
        await opened.enter_async_context(reader)
        store = await opened.enter_async_context(ObjectStore(ObjectStoreConnection()))
        sink_group = SinkSettings().group or topics.sink_group
        admin = await opened.enter_async_context(_admin(kafka, stream.client_id))

        async def committed() -> Mapping[Place, int]:
            await admin.start()
            held = await admin.list_consumer_group_offsets(sink_group)
            return {(place.topic, place.partition): item.offset for place, item in held.items()}

        progress = SinkProgress(sink_group, committed)
        publisher = Publisher(lambda: make_producer(kafka, stream.client_id), stream.publish_timeout_seconds)
        services = [
            Dependency("database", lambda: check_hashes(reader)),
            Dependency("object store", store.check_reads),
        ]
        engine = StreamEngine(
            stream,
            ComparingHandler(Relatives(reader, store), progress, topics.related, process.metrics.relations_told),
            comparer_faults(),
            make_consumer=lambda: make_consumer(kafka, stream),
            publisher=publisher,
            observer=process.metrics,
            known_outage=lambda: progress.problem or next(filter(None, (item.problem for item in services)), None),
        )
        process.health.add_readiness("sink", lambda: progress.problem)
        largest_bytes = {
            topics.related: MAX_MESSAGE_BYTES,
            dead_letter_topic(stream.topic): DEAD_LETTER_MESSAGE_BYTES,
        }
        await run_engine(process, engine, services, Destinations(kafka, publisher, largest_bytes))


@asynccontextmanager
async def _admin(kafka: KafkaConnection, client_id: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Lend a client that is started when it is first asked."""
    admin = make_admin(kafka, f"{client_id}-progress")
    try:
        yield admin
    finally:
        with suppress(KafkaError):
            await admin.close()
