"""Wires the gateway: settings, model, tables, events, HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from functools import partial

import structlog

from consumer.gateway.app import Gateway, gateway_app
from consumer.gateway.event_publisher import EVENT_SOURCE, EventAnnouncer
from consumer.gateway.limits import Door, DoorLimits
from consumer.gateway.page.pages import Pages
from consumer.gateway.page.words import TextTower
from consumer.gateway.probe import TaggingProbe
from consumer.gateway.tables import Tables
from consumer.gateway.tagging import ImageTagger
from consumer.gateway.verdicts import Verdicts
from consumer.imaging.picture import ImageLimits
from consumer.kafka.clients import make_producer
from consumer.kafka.publisher import Publisher
from consumer.processes.dependencies import Dependency, Destinations, watched
from consumer.processes.freed_memory import leave_alone_what_stays
from consumer.processes.process import Process
from consumer.reviewing.desk import ReviewDesk
from consumer.searching.finder import Finder
from consumer.services.errors import StartupError
from consumer.services.model import load_bundle_of, open_pipeline
from consumer.settings import GatewaySettings, ModelSettings, OperationsSettings
from consumer.storage.errors import BucketMissingError, DatabaseSetupError, DatabaseUnavailableError
from consumer.storage.objects import ObjectStore
from consumer.storage.postgres.database import close_pool, open_pool
from consumer.storage.postgres.schema_version import check_schema
from consumer.storage.tables.reads import TagReader
from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.vocabulary import Vocabulary
from consumer.tagging.pipeline import TaggingPipeline
from consumer.tagging.tagging_result import TaggedBy
from consumer.telemetry.connections import ConnectionLimits
from consumer.telemetry.http import serve
from schemas.connections import DatabaseConnection, KafkaConnection, ObjectStoreConnection, TopicSettings
from schemas.files.secret_files import is_set
from schemas.topics import MAX_MESSAGE_BYTES

_log = structlog.get_logger(__name__)
_LAST_CALLS_SECONDS = 0.5


async def run() -> None:
    """Answer until SIGTERM or SIGINT; then finish what is being answered.

    Raises:
        ValidationError: a setting is missing or out of range.
        StartupError: the model cannot be loaded, the tables are of another version, or the port is taken.

    """
    started = time.perf_counter()
    settings, model = GatewaySettings(), ModelSettings()
    limits = ImageLimits(max_bytes=settings.max_body_bytes, max_pixels=settings.max_pixels)
    async with Process.open("gateway", OperationsSettings()) as process:
        bundle = await load_bundle_of(model)
        pipeline = await open_pipeline(model, limits, process.metrics, bundle)
        try:
            async with (
                _object_store(settings) as store,
                _tables(bundle) as tables,
                _desk(settings, tables.reader, Vocabulary.of(bundle.vocabulary)) as desk,
                _announcer(process, settings, pipeline, store, takes_verdicts=desk is not None) as announcer,
                _pages(tables, store, settings, takes_verdicts=desk is not None, bundle=bundle) as pages,
            ):
                gateway = Gateway(
                    tagger=ImageTagger(
                        pipeline, process.metrics, timeout_seconds=settings.timeout_seconds, announcer=announcer
                    ),
                    tables=tables,
                    verdicts=Verdicts(desk, tables),
                    probe=TaggingProbe(pipeline),
                    door=_door(settings),
                    health=process.health,
                    metrics=process.metrics,
                    pages=pages,
                )
                await _serve(process, gateway, settings, started)
        finally:
            await pipeline.close()


async def _serve(process: Process, gateway: Gateway, settings: GatewaySettings, started: float) -> None:
    health, door, probe = process.health, gateway.door, gateway.probe
    health.add_readiness("door", lambda: "draining: finishing what is being answered" if door.closed else None)
    health.add_readiness("tagging", lambda: probe.last_problem)
    health.add_refresher(probe.problem)
    try:
        async with serve(
            gateway_app(gateway),
            settings.host,
            settings.port,
            drain_seconds=settings.drain_seconds,
            limits=ConnectionLimits(settings.max_connections, settings.head_seconds, settings.body_seconds),
        ) as port:
            seconds = round(time.perf_counter() - started, 2)
            _log.info(
                "gateway.ready", url=f"http://{settings.host}:{port}", publishes=settings.publish, seconds=seconds
            )
            leave_alone_what_stays()
            await process.stop.wait()
            if gateway.pages is not None:
                await gateway.pages.feed.close()
            await _empty(door, settings.drain_seconds)
    except OSError as error:
        raise StartupError(
            f"nothing can listen on {settings.host}:{settings.port} ({error.strerror}): "
            "choose another AEGIS_GATEWAY_HOST or AEGIS_GATEWAY_PORT"
        ) from error


async def _empty(door: Door, drain_seconds: float) -> None:
    """Let nobody in any more, and wait for those inside.

    Who comes meanwhile is told to come again: closing the socket at once would only cut them off.
    """
    door.closed = True
    with suppress(TimeoutError):
        async with asyncio.timeout(drain_seconds):
            await asyncio.sleep(_LAST_CALLS_SECONDS)
            if door.requests:
                await door.emptied.wait()


def _door(settings: GatewaySettings) -> Door:
    return Door(
        DoorLimits(
            keys=settings.keys,
            max_requests=settings.max_requests,
            max_body_bytes=settings.max_body_bytes,
            max_bytes=settings.max_bytes_in_flight,
            body_seconds=settings.body_seconds,
        )
    )


@asynccontextmanager
async def _tables(bundle: Bundle) -> AsyncIterator[Tables]:
    """Open the tables where a database is set; one that is away is no reason not to tag."""
    if not is_set("AEGIS_PG_DSN"):
        yield Tables(None)
        return
    connection = DatabaseConnection()
    try:
        await check_schema(connection)
    except DatabaseSetupError as error:
        raise StartupError(str(error)) from error
    except DatabaseUnavailableError as error:
        _log.warning("database.unavailable", error=str(error))
    pool = await open_pool(connection)
    try:
        reader = TagReader(pool)
        yield Tables(reader, Finder(reader, Vocabulary.of(bundle.vocabulary), TextTower.of(bundle)))
    finally:
        await close_pool(pool)


@asynccontextmanager
async def _object_store(settings: GatewaySettings) -> AsyncIterator[ObjectStore | None]:
    """Open the store where one is set, for pictures and for what is published; a publisher must have one."""
    if not settings.publish and not is_set("AEGIS_S3_ENDPOINT"):
        yield None
        return
    with closing(ObjectStore(ObjectStoreConnection())) as store:
        yield store


@asynccontextmanager
async def _pages(
    tables: Tables,
    store: ObjectStore | None,
    settings: GatewaySettings,
    *,
    takes_verdicts: bool,
    bundle: Bundle,
) -> AsyncIterator[Pages | None]:
    if tables.reader is None or tables.finder is None:
        yield None
        return
    limits = ImageLimits(max_pixels=settings.max_pixels)
    async with Pages.open(
        tables.reader, store, limits, tables.finder, takes_verdicts=takes_verdicts, bundle=bundle
    ) as pages:
        yield pages


@asynccontextmanager
async def _announcer(
    process: Process,
    settings: GatewaySettings,
    pipeline: TaggingPipeline,
    store: ObjectStore | None,
    *,
    takes_verdicts: bool,
) -> AsyncIterator[EventAnnouncer | None]:
    """Publish where it is set; then what cannot be published is not tagged for anybody, and readiness says so.

    A verdict that cannot be published is told by readiness too, but only here: where the gateway publishes nothing
    else, it goes on tagging while Kafka is away.
    """
    if not settings.publish or store is None:
        yield None
        return
    kafka, topics = KafkaConnection(), TopicSettings().topics
    publisher = Publisher(lambda: make_producer(kafka, "aegis-gateway"), settings.publish_seconds)
    written = (topics.extracted, topics.tagged, *((topics.reviewed,) if takes_verdicts else ()))
    takes = Destinations(kafka, publisher, dict.fromkeys(written, MAX_MESSAGE_BYTES))
    try:
        async with watched(process.health, [Dependency("object store", partial(_answers, store))], takes):
            yield EventAnnouncer(store, publisher, topics, TaggedBy(pipeline.model, pipeline.taxonomy))
    finally:
        await publisher.stop()


@asynccontextmanager
async def _desk(
    settings: GatewaySettings, reader: TagReader | None, vocabulary: Vocabulary
) -> AsyncIterator[ReviewDesk | None]:
    """Open the desk for verdicts where database and Kafka are set; nothing is asked of Kafka before the first word."""
    if not settings.verdicts or reader is None or not is_set("AEGIS_KAFKA_BOOTSTRAP"):
        yield None
        return
    kafka, topics = KafkaConnection(), TopicSettings().topics
    publisher = Publisher(lambda: make_producer(kafka, "aegis-gateway"), settings.publish_seconds)
    try:
        yield ReviewDesk(reader, publisher, topics, vocabulary, source=EVENT_SOURCE)
    finally:
        await publisher.stop()


async def _answers(store: ObjectStore) -> None:
    """Return when the store would take an image; a bucket that is missing is made for the first one."""
    with suppress(BucketMissingError):
        await store.ping()
