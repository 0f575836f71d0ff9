"""Wires the lake: settings, catalog, tables, engine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from consumer.concurrency.gathering import Enough
from consumer.kafka.clients import make_consumer, make_producer
from consumer.kafka.publisher import Publisher
from consumer.processes.dependencies import Dependency, Destinations
from consumer.processes.process import Process, run_engine, until_open
from consumer.services.errors import StartupError
from consumer.services.faults import lake_faults
from consumer.services.lake import LakeHandler, TableWriter
from consumer.settings import EngineSettings, LakeSettings, OperationsSettings
from consumer.storage.lake.errors import LakeError, LakeSetupError
from consumer.storage.lake.place import LakePlace, default_location
from consumer.stream.engine import StreamEngine
from consumer.stream.partitions.source_topics import SourceTopics
from schemas.connections import DatabaseConnection, KafkaConnection, ObjectStoreConnection, TopicSettings
from schemas.topics import DEAD_LETTER_MESSAGE_BYTES, dead_letter_topic

if TYPE_CHECKING:
    from consumer.storage.lake.lake import Lake


async def run() -> None:
    """Write until SIGTERM or SIGINT.

    Raises:
        ValidationError: a setting is missing or out of range.
        StartupError: the tables are missing or not as they must be, or the extra is not installed.

    """
    settings, engine_settings = LakeSettings(), EngineSettings()
    kafka, topics = KafkaConnection(), TopicSettings().topics
    place = place_of(settings)
    if find_spec("pyiceberg") is None:
        raise StartupError("pyiceberg is not installed: pip install 'aegis-tagger[lake]'")
    stream = engine_settings.for_stream(
        topic=topics.tagged,
        group=settings.group or topics.lake_group,
        max_records=settings.max_records_in_flight,
        max_bytes=settings.max_bytes_in_flight,
        further_topics=(topics.reviewed,),
    )
    async with Process.open("lake", OperationsSettings()) as process:
        lake = await until_open(
            "lake", lambda: _open(place), process, stream.backoff, hopeless=LakeSetupError, outage=LakeError
        )
        if lake is None:
            return
        source = SourceTopics(stream.topics)
        publisher = Publisher(lambda: make_producer(kafka, stream.client_id), stream.publish_timeout_seconds)
        with _writers(lake, settings, source, process) as writers:

            async def ping() -> None:
                await asyncio.to_thread(lake.ping)
                for writer in writers:
                    if writer.problem is not None:
                        raise writer.problem

            def hurry() -> None:
                for writer in writers:
                    writer.hurry(stream.drain_seconds)

            service = Dependency("lake", ping)
            engine = StreamEngine(
                stream,
                LakeHandler(*writers, source, process.metrics, topics.reviewed),
                lake_faults(),
                make_consumer=lambda: make_consumer(kafka, stream),
                publisher=publisher,
                observer=process.metrics,
                known_outage=lambda: service.problem,
                source=source,
                on_drain=hurry,
            )
            try:
                letters = {dead_letter_topic(topic): DEAD_LETTER_MESSAGE_BYTES for topic in stream.topics}
                await run_engine(process, engine, [service], Destinations(kafka, publisher, letters))
            finally:
                for writer in writers:
                    await writer.close()
                lake.close()


def place_of(settings: LakeSettings) -> LakePlace:
    """Return where the settings say that the lake is."""
    database, store = DatabaseConnection(), ObjectStoreConnection()
    if settings.catalog_schema == database.db_schema:
        raise StartupError(
            f"AEGIS_LAKE_CATALOG_SCHEMA and AEGIS_PG_SCHEMA are both {settings.catalog_schema}: the catalog needs a "
            "schema of its own, which outlives a rebuild of the tables"
        )
    return LakePlace(database, store, settings.catalog_schema, settings.location or default_location(store))


@contextmanager
def _writers(
    lake: Lake, settings: LakeSettings, source: SourceTopics, process: Process
) -> Iterator[tuple[TableWriter, TableWriter]]:
    """Lend the writers of both tables; they share a thread, so that one commit is under way at a time."""
    from consumer.storage.lake.appending import append  # noqa: PLC0415 - needs the extra
    from consumer.storage.lake.tables import REVIEWED, TAGGED  # noqa: PLC0415 - as above

    enough = Enough(settings.commit_rows, settings.max_bytes_in_flight // 2, settings.commit_seconds)
    with ThreadPoolExecutor(1, "lake") as thread:
        tagged, reviewed = (
            TableWriter(
                spec.name,
                partial(append, lake, spec),
                enough=enough,
                source=source,
                metrics=process.metrics,
                thread=thread,
            )
            for spec in (TAGGED, REVIEWED)
        )
        yield tagged, reviewed


async def _open(place: LakePlace) -> Lake:
    from consumer.storage.lake.lake import Lake  # noqa: PLC0415 - needs the extra

    lake = await asyncio.to_thread(Lake.open, place)
    await asyncio.to_thread(lake.ping)
    return lake
