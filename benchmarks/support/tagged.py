"""Tagged events that nobody tagged, for what comes behind the tagger."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

import numpy as np
from aiokafka import AIOKafkaProducer

from schemas import (
    AssetTagged,
    CausedBy,
    Embedding,
    ImageInfo,
    Model,
    ObjectRef,
    Tag,
    Taxonomy,
    decode_event,
    encode_event,
    utc_now,
)
from testkit.running import Pipeline

TAGS = 10
DIM = 512
_MODEL = Model(id="bench", digest="sha256:" + "a" * 64, precision="int8", provider="CPUExecutionProvider")
_TAXONOMY = Taxonomy(id="bench", version="1", digest="sha256:" + "b" * 64)


def tagged_values(count: int) -> Iterator[bytes]:
    """Yield events of as many assets, each with ten tags and an embedding."""
    rng = np.random.default_rng(1)
    for number in range(count):
        vector = rng.normal(size=DIM).astype(np.float32)
        confidences = sorted(rng.uniform(0.2, 1, TAGS).tolist(), reverse=True)
        yield encode_event(
            AssetTagged(
                event_id=uuid.uuid4(),
                schema_version=AssetTagged.SCHEMA_VERSION,
                occurred_at=utc_now(),
                asset_id=f"bench/{number}",
                extracted_event_id=uuid.uuid4(),
                extracted_at=utc_now(),
                object=ObjectRef(bucket="bench", key=f"key/{number}", size=1000, sha256=uuid.uuid4().hex * 2),
                image=ImageInfo(width=512, height=512, mode="RGBA"),
                tags=tuple(
                    Tag(tag=f"tag_{at}", category="bench", confidence=round(value, 4), source_model="bench")
                    for at, value in enumerate(confidences)
                ),
                model=_MODEL,
                taxonomy=_TAXONOMY,
                caused_by=CausedBy(topic="asset-extracted", partition=0, offset=number),
                embedding=Embedding.from_array(vector / np.linalg.norm(vector)),
            )
        )


def without_embedding(value: bytes) -> bytes:
    """Return the event without the digest of its object: such an embedding has no place, and is not stored."""
    event = decode_event(AssetTagged, value)
    return encode_event(event.model_copy(update={"object": event.object.model_copy(update={"sha256": None})}))


async def produce(pipeline: Pipeline, values: Sequence[bytes]) -> None:
    """Write the events to asset-tagged."""
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.bootstrap, linger_ms=20, compression_type="lz4")
    await producer.start()
    try:
        for number, value in enumerate(values):
            await producer.send(pipeline.topics.tagged, value, key=f"bench/{number}".encode())
    finally:
        await producer.stop()
