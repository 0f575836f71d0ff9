"""A gateway and a sink between Kafka and PostgreSQL, and assets to say something of."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from consumer.kafka.clients import make_producer
from schemas import AssetReviewed, AssetTagged, decode_event, encode_event
from schemas.connections import KafkaConnection
from testkit.corner import make_corner
from testkit.kafka_tools import eventually, read_all
from testkit.running import Pipeline, ServiceProcess
from tests.integration.gateway.conftest import gateway_process
from tests.unit.gateway.serving import Client
from tests.unit.storage.samples import tagged_event

TAGS = [
    {"tag": "weapon", "category": "object_types", "confidence": 0.8, "source_model": "clip"},
    {"tag": "metal", "category": "materials", "confidence": 0.7, "source_model": "clip"},
    {"tag": "ui_element", "category": "object_types", "confidence": 0.59, "source_model": "clip"},
]


@pytest.fixture(scope="module")
def corner(stack_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Topics and tables that the tests of a module share; each speaks of assets of its own."""
    made = make_corner(stack_environment, tmp_path_factory.mktemp("reviewing"))
    yield made
    made.end()


@pytest.fixture
def own_corner(stack_environment: Mapping[str, str], tmp_path: Path) -> Iterator[Pipeline]:
    made = make_corner(stack_environment, tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="module")
def sink(corner: Pipeline) -> Iterator[ServiceProcess]:
    """A sink whose drain must exit 0."""
    service = corner.service("sink")
    service.start()
    yield service
    assert service.stop() == 0


@pytest.fixture(scope="module")
def gateway(corner: Pipeline) -> Iterator[Client]:
    with gateway_process(corner) as (_, client):
        yield client


async def publish_tagged(corner: Pipeline, *asset_ids: str, **fields: Any) -> None:
    """Publish tags for these assets, as a tagger does, and wait until the sink has stored them."""
    events = [
        tagged_event(
            event_id=uuid.uuid4(), extracted_event_id=uuid.uuid4(), asset_id=asset_id, **{"tags": TAGS, **fields}
        )
        for asset_id in asset_ids
    ]
    await write_tagged(corner, *events)

    async def stored() -> bool:
        rows = await corner.rows("SELECT FROM assets WHERE asset_id = ANY($1)", list(asset_ids))
        return len(rows) == len(asset_ids)

    await eventually(stored, "the sink has stored the assets", 60)


async def write_tagged(corner: Pipeline, *events: AssetTagged) -> None:
    producer = make_producer(KafkaConnection(bootstrap=corner.bootstrap), "test")
    await producer.start()
    try:
        for event in events:
            await producer.send(corner.topics.tagged, encode_event(event), key=event.asset_id.encode())
        await producer.flush()
    finally:
        await producer.stop()


async def reviewed(corner: Pipeline, asset_id: str | None = None) -> list[AssetReviewed]:
    """Return the events of an asset, or all, partition by partition in their order."""
    records = await read_all(corner.bootstrap, corner.topics.reviewed)
    return [
        decode_event(AssetReviewed, item.value or b"")
        for item in records
        if asset_id is None or item.key == asset_id.encode()
    ]


async def say(gateway: Client, *verdicts: dict[str, Any], by: str = "anna", wait_seconds: float = 10) -> Any:
    """Save verdicts over HTTP; return the answer."""
    body = {"by": by, "verdicts": list(verdicts), "wait_seconds": wait_seconds}
    return await gateway.call("POST", "/api/v1/verdicts", json=body)
