"""What each process and verb does with Kafka, and nothing else; it returns what was told, None where all went well."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pytest
from aiokafka.errors import KafkaError
from structlog.testing import CapturingLogger

from consumer.kafka.clients import Member, make_admin, make_consumer, make_producer, patiently
from consumer.kafka.errors import FATAL_ERRORS, HIDDEN_TOPIC, refusal
from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication, SourceRecord
from consumer.kafka.topic_reader import TopicReader
from consumer.kafka.topics import TopicsError, TopicState, apply_topics, list_topics
from consumer.replay.plans.plan import PlanError, Start
from consumer.replay.plans.planned_group import PlannedGroup
from consumer.replay.rebuilding import extents
from consumer.stream.engine import StreamEngine
from consumer.stream.failures.faults import FaultTable
from consumer.stream.observer import SilentObserver
from producer_tools.dead_letters.errors import DeadLetterError
from producer_tools.dead_letters.overview import letters_of
from producer_tools.dead_letters.redrive import RedriveRequest, redrive
from producer_tools.dead_letters.selection import LetterFilter
from producer_tools.delivery.services import Services
from producer_tools.errors import DeliveryError
from producer_tools.following.tag_stream import TagStream
from producer_tools.following.tag_watch import TagWatch
from producer_tools.settings import ExtractSettings
from schemas import AssetExtracted, EventDecodeError, ObjectRef, Topics, utc_now
from schemas.connections import KafkaConnection, ObjectStoreConnection
from testkit.harness import QUICK
from testkit.kafka_tools import write

GOOD, BAD = b"good", b"bad"
_RUN_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """Topics of one test, on a broker where ``root`` may do everything; ``patch`` ends with the test."""

    prefix: str
    root: KafkaConnection
    store: ObjectStoreConnection
    patch: pytest.MonkeyPatch

    @property
    def topics(self) -> Topics:
        return Topics(self.prefix)

    def group(self, name: str) -> str:
        return f"{self.prefix}{name}"


async def tag(kafka: KafkaConnection, place: Deployment, group: str = "aegis-tagger") -> str | None:
    return await _engine(kafka, place, place.topics.extracted, place.topics.tagged, place.group(group))


async def store(kafka: KafkaConnection, place: Deployment, group: str = "aegis-sink") -> str | None:
    topics = place.topics
    return await _engine(kafka, place, topics.tagged, None, place.group(group), further=(topics.reviewed,))


async def compare(kafka: KafkaConnection, place: Deployment) -> str | None:
    admin = make_admin(kafka, "test")
    try:
        await admin.start()
        await patiently(lambda: admin.list_consumer_group_offsets(place.group("aegis-sink")))
    except KafkaError as error:
        return refusal(error) or str(error)
    finally:
        await admin.close()
    return await _engine(kafka, place, place.topics.tagged, place.topics.related, place.group("aegis-comparer"))


async def keep(kafka: KafkaConnection, place: Deployment) -> str | None:
    return await store(kafka, place, "aegis-lake")


async def _engine(
    kafka: KafkaConnection,
    place: Deployment,
    source: str,
    output: str | None,
    group: str,
    *,
    further: tuple[str, ...] = (),
) -> str | None:
    """Run the engine on a good record and a bad one, until both have their end, or it tells why they have none."""
    told, observer = CapturingLogger(), _Observer()
    observer.unfinished *= 1 + len(further)
    for module in ("connecting", "session", "processing.processor"):
        place.patch.setattr(f"consumer.stream.{module}._log", told)

    async def handle(record: SourceRecord) -> list[Publication]:
        if record.value == BAD:
            raise EventDecodeError("bad")
        return [Publication(output, record.key, record.value)] if output else []

    settings = QUICK.changed(topic=source, group=group, further_topics=further)
    engine = StreamEngine(
        settings,
        handle,
        FaultTable(()),
        make_consumer=lambda: make_consumer(kafka, settings),
        publisher=Publisher(lambda: make_producer(kafka, "test"), 10),
        observer=observer,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(engine.run(stop))
    try:
        async with asyncio.timeout(_RUN_SECONDS):
            while not running.done() and observer.unfinished:
                await asyncio.sleep(0.05)
                if sentence := _sentence(told):
                    return sentence
        if running.done():
            await running
    except FATAL_ERRORS as error:
        return refusal(error)
    finally:
        stop.set()
        await asyncio.gather(running, return_exceptions=True)
    return None


def _sentence(told: CapturingLogger) -> str | None:
    for call in told.calls:
        if call.args[0] in {"record.retry", "topic.missing"}:
            return f"{call.kwargs['topic']}: {call.kwargs.get('error') or call.kwargs['help']}"
    return None


class _Observer(SilentObserver):
    unfinished = 2

    def record_finished(self, topic: str, partition: int, *, seconds: float) -> None:  # noqa: ARG002 - the protocol's
        self.unfinished -= 1


async def extract(kafka: KafkaConnection, place: Deployment) -> str | None:
    event = AssetExtracted(
        event_id=uuid.uuid4(),
        schema_version="1.0",
        occurred_at=utc_now(),
        asset_id="a",
        object=ObjectRef(bucket="b", key="k"),
    )
    async with Services(kafka, place.store, place.topics.extracted, ExtractSettings()) as services:
        try:
            await services.publish(event)
        except DeliveryError as error:
            assert services.is_refusal, "it is no outage"
            return str(error)
    return None


async def watch(kafka: KafkaConnection, place: Deployment) -> str | None:
    try:
        async with TagWatch(kafka, place.topics, connect_seconds=5):
            return None
    except DeliveryError as error:
        return str(error)


async def tail(kafka: KafkaConnection, place: Deployment) -> str | None:
    try:
        topics = place.topics
        async with TagStream(
            kafka, topics.tagged, reviewed_topic=topics.reviewed, related_topic=topics.related
        ) as stream:
            return stream.unfollowed
    except TopicsError as error:
        return str(error)


async def apply(kafka: KafkaConnection, place: Deployment) -> str | None:
    return await _topics(apply_topics(kafka, Topics(f"{place.prefix}new-").specs(1)))


async def ls(kafka: KafkaConnection, place: Deployment) -> str | None:
    return await _topics(list_topics(kafka, place.topics.specs(1)))


async def _topics(work: Awaitable[list]) -> str | None:  # type: ignore[type-arg]
    try:
        hidden = [report.spec.name for report in await work if report.state is TopicState.MISSING]
    except TopicsError as error:
        return str(error)
    return f"{', '.join(hidden)}: {HIDDEN_TOPIC}" if hidden else None


async def list_letters(kafka: KafkaConnection, place: Deployment) -> str | None:
    try:
        await letters_of(kafka, place.topics.extracted, LetterFilter())
    except DeadLetterError as error:
        return str(error)
    return None


class _Unseen:
    def looked(self, seen: int, total: int) -> None: ...
    def planned(self, count: int) -> None: ...
    def ended(self, fate: object, candidate: object) -> None: ...


async def put_back(kafka: KafkaConnection, place: Deployment) -> str | None:
    assert await tag(place.root, place, "of-the-test") is None  # makes the letter
    try:
        report = await redrive(kafka, RedriveRequest(place.topics.extracted, LetterFilter()), _Unseen())
    except DeadLetterError as error:
        return str(error)
    assert sum(report.fates.values()) == 1
    return None


async def replay(kafka: KafkaConnection, place: Deployment) -> str | None:
    group = "aegis-replay-r"
    return await _planned(kafka, place, place.topics.extracted, group) or await tag(kafka, place, group)


async def retag(kafka: KafkaConnection, place: Deployment) -> str | None:
    topic = place.topics.tagged
    told = await _planned(kafka, place, topic, "aegis-retag-r")
    if told is not None:
        return told
    return await _published(kafka, topic)


async def answer(kafka: KafkaConnection, place: Deployment) -> str | None:
    return await _published(kafka, place.topics.extracted) or await _published(kafka, place.topics.tagged)


async def take_verdicts(kafka: KafkaConnection, place: Deployment) -> str | None:
    return await _published(kafka, place.topics.reviewed)


async def rebuild(kafka: KafkaConnection, place: Deployment) -> str | None:
    try:
        for topic, partitions in (await extents(kafka, place.topics)).items():
            async with TopicReader(kafka, topic) as reader:
                for partition, (start, end) in partitions.items():
                    assert [records async for records in reader.read(partition, start, end)]
    except TopicsError as error:
        return str(error)
    return None


async def _published(kafka: KafkaConnection, topic: str) -> str | None:
    publisher = Publisher(lambda: make_producer(kafka, "test"), 10)
    try:
        await publisher.send([Publication(topic, b"k", GOOD)])
    except FATAL_ERRORS as error:
        return refusal(error)
    finally:
        await publisher.stop()
    return None


async def _planned(kafka: KafkaConnection, place: Deployment, topic: str, group: str) -> str | None:
    member = Member(place.group(group), "test", session_timeout_seconds=6, rebalance_timeout_seconds=6)
    try:
        async with PlannedGroup(kafka, member.group, topic) as planned:
            await planned.plan(Start(), "test", lambda: make_consumer(kafka, member))
    except (PlanError, *FATAL_ERRORS) as error:
        return refusal(error) or str(error)
    return None


async def prepare(place: Deployment) -> None:
    """Write what is read: a record that is fine and one that is not, on each topic."""
    for topic in (place.topics.extracted, place.topics.tagged, place.topics.reviewed):
        await write(place.root.bootstrap, topic, [(b"1", GOOD), (b"2", BAD)])


Use = Callable[[KafkaConnection, Deployment], Awaitable[str | None]]
USES: Final[Mapping[str, Use]] = {
    "tagger": tag,
    "sink": store,
    "comparer": compare,
    "lake": keep,
    "gateway that publishes": answer,
    "gateway that takes verdicts": take_verdicts,
    "aegis rebuild": rebuild,
    "aegis extract": extract,
    "aegis extract --wait": watch,
    "aegis tail": tail,
    "aegis topics apply": apply,
    "aegis topics ls": ls,
    "aegis dlq ls": list_letters,
    "aegis dlq redrive": put_back,
    "aegis replay --name r": replay,
    "aegis retag --name r": retag,
}
