"""Tags, removals and verdicts, as taggers and people would have written them."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from consumer.kafka.records import Headers
from schemas import AssetReviewed, Word, encode_event
from schemas.headers import SourcePlace, with_caused_by
from testkit.kafka_tools import committed, eventually, read_all
from testkit.running import Pipeline
from tests.unit.storage.samples import tagged_event

Record = tuple[str, bytes, bytes | None, Headers]
_CATEGORIES = {"object_types": ["weapon", "tree", "rock"], "materials": ["metal", "wood", "stone"]}
PATIENCE_SECONDS = 150
_START = datetime(2026, 1, 1, tzinfo=UTC)


def tagged(number: int, asset_id: str, chance: random.Random, *, days: int = 2) -> bytes:
    """Return an event that was extracted at place ``number`` of partition 0, with tags by chance."""
    extracted = _START + timedelta(days=number % days, seconds=number)
    found = [
        {"category": category, "tag": tag, "confidence": round(chance.uniform(0.1, 1), 3), "source_model": "clip"}
        for category, tags in _CATEGORIES.items()
        for tag in tags
        if chance.random() < 0.6
    ]
    return encode_event(
        tagged_event(
            event_id=uuid.UUID(int=chance.getrandbits(128)),
            extracted_event_id=uuid.UUID(int=chance.getrandbits(128)),
            asset_id=asset_id,
            extracted_at=extracted,
            occurred_at=extracted + timedelta(seconds=chance.randint(1, 5)),
            tags=sorted(found, key=lambda tag: -float(str(tag["confidence"]))),
            caused_by={"topic": "asset-extracted", "partition": 0, "offset": number},
        )
    )


def history(corner: Pipeline, assets: int, count: int, seed: int) -> Iterator[Record]:
    """Yield tags and re-tags, removals, assets that come back, and words of people on any of them."""
    chance = random.Random(seed)
    for number in range(count):
        asset_id = f"asset-{chance.randrange(assets)}"
        key = asset_id.encode()
        what = chance.random()
        if what < 0.6:
            yield corner.topics.tagged, key, tagged(number, asset_id, chance), ()
        elif what < 0.75:
            yield corner.topics.tagged, key, None, with_caused_by((), "asset-extracted", SourcePlace(0, number))
        else:
            yield corner.topics.reviewed, key, _word(asset_id, chance, number), ()


def _word(asset_id: str, chance: random.Random, number: int) -> bytes:
    category = chance.choice(list(_CATEGORIES))
    return encode_event(
        AssetReviewed.model_validate(
            {
                "event_id": uuid.UUID(int=chance.getrandbits(128)),
                "schema_version": "1.0",
                "occurred_at": _START + timedelta(days=5, seconds=number),
                "asset_id": asset_id,
                "verdict": {
                    "category": category,
                    "tag": chance.choice(_CATEGORIES[category]),
                    "word": chance.choice(list(Word)).value,
                    "settles": chance.random() < 0.3,
                },
                "by": "anna",
                "tags": [],
            }
        )
    )


async def publish(corner: Pipeline, records: Iterator[Record]) -> None:
    """Write the records in their order."""
    producer = AIOKafkaProducer(bootstrap_servers=corner.bootstrap, enable_idempotence=True, linger_ms=5)
    await producer.start()
    try:
        for topic, key, value, headers in records:
            await producer.send(topic, value, key=key, headers=list(headers))
        await producer.flush()
    finally:
        await producer.stop()


async def written(corner: Pipeline, topic: str) -> Counter[tuple[int, int]]:
    """Return the partition and offset of each record of a topic."""
    return Counter((item.partition, item.offset) for item in await read_all(corner.bootstrap, topic))


async def all_read(corner: Pipeline, *groups: str) -> None:
    """Wait until the groups have finished all that the two topics hold now."""
    topics = (corner.topics.tagged, corner.topics.reviewed)
    ends = {
        (topic, item.partition): item.offset + 1 for topic in topics for item in await read_all(corner.bootstrap, topic)
    }

    async def is_finished() -> bool:
        # Each look makes clients of its own: not twenty a second, on a machine that has other work.
        await asyncio.sleep(0.3)
        try:
            offsets = {
                (group, topic): await committed(corner.bootstrap, group, topic) for group in groups for topic in topics
            }
        except KafkaError:
            # The group has no coordinator until its first member asks for one.
            return False
        return all(
            found.get(partition, 0) >= end
            for (topic, partition), end in ends.items()
            for (_, of), found in offsets.items()
            if of == topic
        )

    await eventually(is_finished, f"{' and '.join(groups)} have read all", PATIENCE_SECONDS)
