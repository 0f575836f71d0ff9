"""A gateway that publishes and is refused by Kafka says what must be changed: waiting would not help its client."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from testkit.corner import make_corner
from testkit.kafka_tools import eventually, make_topics
from testkit.running import Pipeline
from testkit.secured_kafka import SecuredKafka
from tests.integration.gateway.conftest import gateway_process
from tests.integration.kafka.page_of_rights import rights_of
from tests.integration.kafka.test_rights import in_place, user_with
from tests.unit.gateway.serving import Answer, Client, picture


@pytest.fixture
def corner(secured: SecuredKafka, stack_environment: Mapping[str, str], tmp_path: Path) -> Iterator[Pipeline]:
    pipeline = make_corner({**stack_environment, "AEGIS_KAFKA_BOOTSTRAP": secured.open}, tmp_path)
    yield pipeline
    pipeline.end()


async def _answer(corner: Pipeline, **environment: str) -> Answer:
    with gateway_process(corner, AEGIS_GATEWAY_PUBLISH="true", **environment) as (_, client):
        return await client.tag(picture(1))


async def test_without_the_right_to_write_the_right_is_named(secured: SecuredKafka, corner: Pipeline) -> None:
    answer = await _answer(corner, **await user_with(secured, []))

    assert answer.status == 502
    assert f"our user may not write to topic {corner.topics.extracted}: grant it Write" in answer.json["error_message"]
    assert "retry-after" not in answer.headers


async def test_with_a_wrong_password_the_setting_is_named(secured: SecuredKafka, corner: Pipeline) -> None:
    user = {**await user_with(secured, []), "AEGIS_KAFKA_SASL_PASSWORD": "wrong"}

    answer = await _answer(corner, **user)

    assert answer.status == 502
    assert "AEGIS_KAFKA_SASL_PASSWORD" in answer.json["error_message"]


async def test_an_event_that_is_larger_than_its_topic_takes_is_a_413(corner: Pipeline) -> None:
    prefix = f"t{uuid.uuid4().hex[:8]}-"
    topics = (f"{prefix}asset-extracted", f"{prefix}asset-tagged")
    await make_topics(corner.bootstrap, 1, *topics, config={"max.message.bytes": "200"})

    answer = await _answer(corner, AEGIS_TOPIC_PREFIX=prefix)

    assert answer.status == 413
    assert "larger than Kafka takes" in answer.json["error_message"]


async def test_it_is_not_ready_while_verdicts_cannot_be_published(secured: SecuredKafka, corner: Pipeline) -> None:
    topics = corner.topics
    user = await user_with(secured, in_place(rights_of("gateway that publishes"), topics.prefix))
    refusal = f"our user may not write to topic {topics.reviewed}: grant it Write"

    with gateway_process(corner, AEGIS_GATEWAY_PUBLISH="true", **user) as (_, client):
        await eventually(lambda: _says(client, refusal), "readiness names the right")
        await secured.grant(
            user["AEGIS_KAFKA_SASL_USERNAME"], in_place(rights_of("gateway that takes verdicts"), topics.prefix)
        )
        await eventually(lambda: _is_ready(client), "the gateway is ready")


async def test_where_it_takes_no_verdicts_the_topic_for_them_is_not_asked(
    secured: SecuredKafka, corner: Pipeline
) -> None:
    user = await user_with(secured, in_place(rights_of("gateway that publishes"), corner.topics.prefix))

    with gateway_process(corner, AEGIS_GATEWAY_PUBLISH="true", AEGIS_GATEWAY_VERDICTS="false", **user) as (_, client):
        await eventually(lambda: _is_ready(client), "the gateway is ready")


async def _says(client: Client, text: str) -> bool:
    return text in (await client.call("GET", "/readyz")).text


async def _is_ready(client: Client) -> bool:
    return (await client.call("GET", "/readyz")).status == 200
