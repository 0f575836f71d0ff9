"""Wires the gateway: settings, model, tables, events, HTTP."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from consumer.gateway.announcing import EventAnnouncer
from consumer.gateway.app import Gateway, gateway_app
from consumer.gateway.door import Door, DoorLimits
from consumer.gateway.probe import TaggingProbe
from consumer.gateway.tables import Tables
from consumer.gateway.tagging import ImageTagger
from consumer.services.errors import StartupError
from consumer.services.model import open_pipeline
from consumer.services.process import Process
from consumer.services.tagging_result import TaggedBy
from consumer.settings import GatewaySettings, ModelSettings, OperationsSettings
from consumer.storage.database import close_pool, open_pool
from consumer.storage.errors import DatabaseUnavailableError, SchemaVersionError
from consumer.storage.objects import ObjectStore
from consumer.storage.reads import TagReader
from consumer.storage.schema_version import check_schema
from consumer.stream.clients import make_producer
from consumer.stream.publisher import Publisher
from consumer.tagging.decode import ImageLimits
from consumer.tagging.pipeline import TaggingPipeline
from consumer.telemetry.http import serve
from schemas.connections import DatabaseConnection, KafkaConnection, ObjectStoreConnection, TopicSettings

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
        pipeline = await open_pipeline(model, limits, process.metrics)
        try:
            async with _tables() as tables, _announcer(settings, pipeline) as announcer:
                gateway = Gateway(
                    tagger=ImageTagger(
                        pipeline, process.metrics, timeout_seconds=settings.timeout_seconds, announcer=announcer
                    ),
                    tables=tables,
                    probe=TaggingProbe(pipeline),
                    door=_door(settings),
                    health=process.health,
                    metrics=process.metrics,
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
            gateway_app(gateway), settings.host, settings.port, drain_seconds=settings.drain_seconds
        ) as port:
            seconds = round(time.perf_counter() - started, 2)
            _log.info(
                "gateway.ready", url=f"http://{settings.host}:{port}", publishes=settings.publish, seconds=seconds
            )
            await process.stop.wait()
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
async def _tables() -> AsyncIterator[Tables]:
    """Open the tables where a database is set; one that is away is no reason not to tag."""
    if not os.environ.get("AEGIS_PG_DSN"):
        yield Tables(None)
        return
    connection = DatabaseConnection()
    try:
        await check_schema(connection)
    except SchemaVersionError as error:
        raise StartupError(str(error)) from error
    except DatabaseUnavailableError as error:
        _log.warning("database.unavailable", error=str(error))
    pool = await open_pool(connection)
    try:
        yield Tables(TagReader(pool))
    finally:
        await close_pool(pool)


@asynccontextmanager
async def _announcer(settings: GatewaySettings, pipeline: TaggingPipeline) -> AsyncIterator[EventAnnouncer | None]:
    if not settings.publish:
        yield None
        return
    kafka, topics = KafkaConnection(), TopicSettings().topics
    store = ObjectStore(ObjectStoreConnection())
    publisher = Publisher(lambda: make_producer(kafka, "aegis-gateway"), settings.publish_seconds)
    try:
        yield EventAnnouncer(store, publisher, topics, TaggedBy(pipeline.model, pipeline.taxonomy))
    finally:
        await publisher.stop()
        store.close()
