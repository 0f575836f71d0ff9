"""One process of a replay: what it is going to do, and doing it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

import structlog
from aiokafka.errors import KafkaError

from consumer.replay.filters import AssetFilter, MadeBy, Question
from consumer.replay.handler import ReplayingHandler
from consumer.replay.pace import Pace, in_flight_at
from consumer.replay.selection import Counts, Selection, select
from consumer.replay.since import ChangedSince
from consumer.services.model import load_bundle_of, open_pipeline
from consumer.services.tagger import tagger_faults
from consumer.services.tagger_process import make_handler
from consumer.settings import EngineSettings, ModelSettings, TaggerSettings
from consumer.storage.objects import ObjectStore
from consumer.storage.reads import TagReader
from consumer.stream.clients import make_consumer, make_producer
from consumer.stream.engine import StreamEngine
from consumer.stream.plan import Plan, PlanError, Start
from consumer.stream.planned import PlannedConsumer, PlannedGroup
from consumer.stream.publisher import Publisher
from consumer.stream.reading import TopicReader
from consumer.stream.settings import StreamSettings
from consumer.tagging.bundle import Bundle
from consumer.tagging.decode import ImageLimits
from consumer.telemetry.metrics import Metrics
from schemas.connections import DatabaseConnection, KafkaConnection, ObjectStoreConnection, TopicSettings

_log = structlog.get_logger(__name__)
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What shall be tagged again.

    ``per_second`` is for each process; ``output_topic`` None: where the tagger writes.
    """

    name: str
    start: Start
    wanted: AssetFilter
    output_topic: str | None = None
    per_second: float | None = None

    def purpose(self, bundle: Bundle) -> str:
        """Return what every process of this replay must mean."""
        model = f"{bundle.manifest.id} {_short(bundle.digest)} {_short(bundle.taxonomy_digest)}"
        return f"{self.wanted} by {model}" + (f" to {self.output_topic}" if self.output_topic else "")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the replay is, all its processes together; ``trouble`` says why it does not go on now."""

    done: int
    total: int
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a process saw: of the whole replay (``counts``, ``complete``), and of its own part."""

    counts: Counts
    complete: bool
    tagged_here: int = 0
    changed_since_here: int = 0


OnRead = Callable[[int, int], None]
OnProgress = Callable[[Progress], None]


def replay_group(name: str) -> str:
    """Return the consumer group of a replay."""
    return f"{TopicSettings().prefix}aegis-replay-{name}"


async def count_replay(request: ReplayRequest, on_read: OnRead) -> ReplayReport:
    """Return what a replay would do; nothing is written anywhere.

    Raises:
        PlanError, StartupError, KafkaError, DatabaseError: it cannot be told.

    """
    kafka, topic = KafkaConnection(), TopicSettings().topics.extracted
    bundle = await load_bundle_of(ModelSettings())
    async with PlannedGroup(kafka, replay_group(request.name), topic) as group:
        plan = await group.preview(request.start, request.purpose(bundle), kafka)
        async with _question(request.wanted, bundle) as question, TopicReader(kafka, topic) as reader:
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
    tagger, topics = TaggerSettings(), TopicSettings().topics
    kafka, store_connection = KafkaConnection(), ObjectStoreConnection()
    stream = _stream_settings(tagger, request, topics.extracted)
    bundle = await load_bundle_of(ModelSettings())
    async with AsyncExitStack() as opened:
        group = await opened.enter_async_context(PlannedGroup(kafka, stream.group, stream.topic))
        plan = await group.plan(request.start, request.purpose(bundle), lambda: make_consumer(kafka, stream))
        if plan.is_done((await group.state()).committed):
            return ReplayReport(Counts(), complete=True)
        async with _question(request.wanted, bundle) as question, TopicReader(kafka, stream.topic) as reader:
            selection = await select(reader, plan, question, on_read)
        changed = await opened.enter_async_context(ChangedSince(kafka, stream.topic, plan))
        metrics = Metrics()
        limits = ImageLimits(max_bytes=tagger.max_object_bytes, max_pixels=tagger.max_pixels)
        pipeline = await open_pipeline(ModelSettings(), limits, metrics)
        opened.push_async_callback(pipeline.close)
        store = ObjectStore(store_connection)
        opened.callback(store.close)
        tag = make_handler(
            tagger, store, pipeline, metrics, output_topic=request.output_topic or topics.tagged, as_of=plan.as_of
        )
        handler = ReplayingHandler(tag, selection, changed, Pace(request.per_second))
        engine = StreamEngine(
            stream,
            handler,
            tagger_faults(tagger.missing_object_grace_seconds),
            make_consumer=lambda: make_consumer(kafka, stream, partial(PlannedConsumer, plan=plan)),
            publisher=Publisher(lambda: make_producer(kafka, stream.client_id), stream.publish_timeout_seconds),
            observer=metrics,
        )
        run = _Run(group, plan, selection, engine, on_progress)
        complete = await run.until(stop)
        return ReplayReport(selection.counts, complete, handler.tagged, handler.changed_since)


@dataclass(slots=True)
class _Run:
    """The engine at work, and a look at the whole group beside it."""

    group: PlannedGroup
    plan: Plan
    selection: Selection
    engine: StreamEngine
    on_progress: OnProgress

    async def until(self, stop: asyncio.Event) -> bool:
        """Return whether the whole replay is complete."""
        ended = asyncio.Event()
        watching = asyncio.create_task(self._watch(ended), name="replay-progress")
        stopping = asyncio.create_task(_pass_on(stop, ended), name="replay-stop")
        try:
            await self.engine.run(ended)
        finally:
            for task in (watching, stopping):
                task.cancel()
            await asyncio.gather(watching, stopping, return_exceptions=True)
        with suppress(KafkaError, OSError):
            return self.plan.is_done(self._look((await self.group.state()).committed, None))
        return False

    async def _watch(self, ended: asyncio.Event) -> None:
        while not ended.is_set():
            trouble = self.engine.readiness_problem() or self.engine.liveness_problem()
            try:
                committed = self._look((await self.group.state()).committed, trouble)
            except (KafkaError, OSError, TimeoutError) as error:
                _log.info("replay.progress_unknown", error_class=type(error).__name__, error=str(error))
            else:
                if self.plan.is_done(committed):
                    ended.set()
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self, committed: Mapping[int, int], trouble: str | None) -> Mapping[int, int]:
        self.on_progress(Progress(self.selection.done(committed), len(self.selection), trouble))
        return committed


async def _pass_on(stop: asyncio.Event, ended: asyncio.Event) -> None:
    await stop.wait()
    ended.set()


@asynccontextmanager
async def _question(wanted: AssetFilter, bundle: Bundle) -> AsyncIterator[Question]:
    current = MadeBy(bundle.digest, bundle.taxonomy_digest)
    if not wanted.needs_database:
        yield Question(wanted, current)
        return
    if not os.environ.get("AEGIS_PG_DSN"):
        raise PlanError("the filters tag=… and older ask the tables: set AEGIS_PG_DSN")
    async with await TagReader.open(DatabaseConnection()) as tables:
        yield Question(wanted, current, tables)


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def _stream_settings(tagger: TaggerSettings, request: ReplayRequest, topic: str) -> StreamSettings:
    return EngineSettings().for_stream(
        topic=topic,
        group=replay_group(request.name),
        max_records=in_flight_at(request.per_second, tagger.max_records_in_flight),
        max_bytes=tagger.max_bytes_in_flight,
    )
