"""Topics are made on clusters as they are: at once, or while a broker still comes back."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from consumer.kafka.topics import TopicReport, TopicState, apply_topics, list_topics
from devstack import Stack
from schemas import TopicSpec
from schemas.connections import KafkaConnection
from testkit.freezing import frozen
from testkit.kafka_tools import eventually

_LONGER_THAN_ITS_SESSION_SECONDS = 5


async def test_topics_are_made_when_a_broker_that_was_away_answers_again_and_names_no_controller_yet(
    kafka: Stack, kafka_bootstrap: str, topic_prefix: str
) -> None:
    """Its session is over by then, and it has to register anew; whoever asks meanwhile waits."""
    connection = KafkaConnection(bootstrap=kafka_bootstrap)

    async def applied(number: int) -> TopicReport:
        (report,) = await apply_topics(connection, [TopicSpec(f"{topic_prefix}{number}", 1)])
        return report

    with frozen(kafka, "kafka"):
        asking = [asyncio.create_task(applied(number)) for number in range(20)]
        await asyncio.sleep(_LONGER_THAN_ITS_SESSION_SECONDS)
    reports = await asyncio.gather(*asking)

    assert {report.state for report in reports} == {TopicState.CREATED}


async def test_a_topic_that_asks_for_more_replicas_than_it_has_is_told_and_what_to_do(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    """The broker makes it without a word, and acknowledges what lies on a single disk."""
    name = f"{topic_prefix}alone"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs={"min.insync.replicas": "2"})])
    finally:
        await admin.close()

    reports: list[TopicReport] = []

    async def is_there() -> bool:
        # A broker that is busy answers with what it knew before.
        reports[:] = await list_topics(KafkaConnection(bootstrap=kafka_bootstrap), [TopicSpec(name, 1)])
        return reports[0].state is not TopicState.MISSING

    await eventually(is_there, "the topic is there")
    (report,) = reports
    assert report.state is TopicState.DIFFERENT
    (told,) = report.differences
    assert told.startswith("min.insync.replicas=2, more than its replicas (1): ")
    assert told.endswith("or set it to 1 with kafka-configs.sh")
