"""One process of a replay: what it is going to do, and doing it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from consumer.imaging.picture import ImageLimits
from consumer.kafka.clients import make_consumer, make_producer
from consumer.kafka.publisher import Publisher
from consumer.kafka.topic_reader import TopicReader
from consumer.replay.handler import ReplayingHandler
from consumer.replay.overture import Overture
from consumer.replay.pace import Pace, in_flight_at
from consumer.replay.plans.commit_plan import PlannedCommits
from consumer.replay.plans.plan import PlanError, Start
from consumer.replay.plans.planned_group import PlannedGroup
from consumer.replay.progress import OnProgress, OnRead
from consumer.replay.selecting.filters import AssetFilter, MadeBy, Question
from consumer.replay.selecting.selection import Counts, select
from consumer.services.faults import tagger_faults
from consumer.services.model import load_bundle_of, open_pipeline
from consumer.services.reuse import open_reuse
from consumer.services.tagger import make_handler
from consumer.settings import EngineSettings, ModelSettings, TaggerSettings
from consumer.storage.objects import ObjectStore
from consumer.storage.tables.reads import TagReader
from consumer.stream.engine import StreamEngine
from consumer.stream.settings import StreamSettings
from consumer.tagging.bundle.bundle import Bundle
from consumer.telemetry.metrics import Metrics
from schemas.connections import DatabaseConnection, KafkaConnection, ObjectStoreConnection, TopicSettings
from schemas.files.secret_files import is_set


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What shall be tagged again.

    ``per_second`` is for each process; ``output_topic`` None: where the tagger writes. ``bundle`` None: the settings'.
    ``only``: digests of the keys that are meant, of all that the filter lets through; None: all.
    """

    name: str
    start: Start
    wanted: AssetFilter
    output_topic: str | None = None
    per_second: float | None = None
    bundle: Bundle | None = None
    only: frozenset[bytes] | None = None

    def purpose(self, bundle: Bundle, by: MadeBy) -> str:
        """Return what every process of this replay must mean."""
        model = f"{bundle.manifest.id} {_short(by.model_digest)} {_short(by.taxonomy_digest)}"
        wanted = str(self.wanted) if self.only is None else f"{self.wanted}, of those that a retag left,"
        return f"{wanted} by {model}" + (f" to {self.output_topic}" if self.output_topic else "")

    async def model(self, settings: ModelSettings) -> Bundle:
        """Return the bundle that tags; raises StartupError."""
        return self.bundle or await load_bundle_of(settings)


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a process saw: of the whole replay (``counts``, ``complete``), and of its own part."""

    counts: Counts
    complete: bool
    tagged_here: int = 0
    changed_since_here: int = 0
    nothing_left: bool = False


def replay_group(name: str) -> str:
    """Return the consumer group of a replay."""
    return f"{TopicSettings().prefix}aegis-replay-{name}"


async def count_replay(request: ReplayRequest, on_read: OnRead) -> ReplayReport:
    """Return what a replay would do; nothing is written anywhere.

    Raises:
        PlanError, StartupError, KafkaError, DatabaseError: it cannot be told.

    """
    kafka, topic = KafkaConnection(), TopicSettings().topics.extracted
    model = ModelSettings()
    bundle = await request.model(model)
    by = made_by(bundle, model)
    async with PlannedGroup(kafka, replay_group(request.name), topic) as group:
        plan = await group.preview(request.start, request.purpose(bundle, by), kafka)
        async with _question(request, by) as question, TopicReader(kafka, topic) as reader:
            selection = await select(reader, plan, question, on_read)
        state = await group.state()
    counts = selection.counts
    counts.selected -= selection.done(state.committed)
    return ReplayReport(counts, complete=bool(state.plans) and plan.is_done(state.committed))


async def run_replay(
    request: ReplayRequest, stop: asyncio.Event, on_read: OnRead, on_progress: OnProgress
) -> ReplayReport:
    """Tag until the replay's end, or until ``stop`` is set; whatever is left the next process of its name does.

    Raises:
        PlanError: the name stands for another replay.
        StartupError, KafkaError, DatabaseError: it cannot begin.

    """
    tagger, model, topics = TaggerSettings(), ModelSettings(), TopicSettings().topics
    kafka, store_connection = KafkaConnection(), ObjectStoreConnection()
    stream = _stream_settings(tagger, request, topics.extracted)
    bundle = await request.model(model)
    by = made_by(bundle, model)
    async with AsyncExitStack() as opened:
        purpose = request.purpose(bundle, by)
        overture = await opened.enter_async_context(Overture.of(kafka, stream, request.start, purpose))
        if await overture.is_done():
            return ReplayReport(Counts(), complete=True, nothing_left=True)
        async with _question(request, by) as question:
            selection = await overture.selected(partial(select, question=question, on_read=on_read))
        changed = await opened.enter_async_context(overture.changed_since())
        metrics = Metrics()
        limits = ImageLimits(max_bytes=tagger.max_object_bytes, max_pixels=tagger.max_pixels)
        pipeline = await open_pipeline(model, limits, metrics, bundle)
        opened.push_async_callback(pipeline.close)
        store = ObjectStore(store_connection, readable_prefix=tagger.readable_prefix)
        opened.callback(store.close)
        reuse = await opened.enter_async_context(open_reuse(tagger, pipeline.model, metrics))
        output_topic = request.output_topic or topics.tagged
        tag = make_handler(tagger, store, pipeline, metrics, reuse=reuse, output_topic=output_topic)
        handler = ReplayingHandler(tag, selection, changed, Pace(request.per_second))
        engine = StreamEngine(
            stream,
            handler,
            tagger_faults(tagger.missing_object_grace_seconds),
            make_consumer=lambda: make_consumer(kafka, stream),
            make_commits=lambda consumer: PlannedCommits(consumer, overture.plan),
            publisher=Publisher(lambda: make_producer(kafka, stream.client_id), stream.publish_timeout_seconds),
            observer=metrics,
        )
        run = overture.run(selection, on_progress)
        async with run.watched(stop, lambda: engine.readiness_problem() or engine.liveness_problem()) as ended:
            await engine.run(ended)
        return ReplayReport(selection.counts, await run.is_done(), handler.tagged, handler.changed_since)


@asynccontextmanager
async def _question(request: ReplayRequest, current: MadeBy) -> AsyncIterator[Question]:
    if not request.wanted.needs_database:
        yield Question(request.wanted, current, request.only)
        return
    if not is_set("AEGIS_PG_DSN"):
        raise PlanError("the filters tag=… and older ask the tables: set AEGIS_PG_DSN")
    async with await TagReader.open(DatabaseConnection()) as tables:
        yield Question(request.wanted, current, request.only, tables)


def made_by(bundle: Bundle, settings: ModelSettings) -> MadeBy:
    """Return what the events will carry."""
    return MadeBy(bundle.digest, bundle.taxonomy_ref(names=settings.use_names).digest)


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def _stream_settings(tagger: TaggerSettings, request: ReplayRequest, topic: str) -> StreamSettings:
    return EngineSettings().for_stream(
        topic=topic,
        group=replay_group(request.name),
        max_records=in_flight_at(request.per_second, tagger.max_records_in_flight),
        max_bytes=tagger.max_bytes_in_flight,
    )
