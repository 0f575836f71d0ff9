"""A corpus to replay: many assets, few distinct textures, and bundles that are another model or taxonomy."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path, load_bundle, pack_compiled
from consumer.tagging.bundle.taxonomy import load_taxonomy
from export.bundles.compile import refresh_manifest
from schemas import AssetExtracted, AssetTagged, EventDecodeError, decode_event, encode_event, event_headers
from testkit.kafka_tools import read_all
from testkit.running import Pipeline, texture

TEXTURES = 6


async def seed(corner: Pipeline, asset_ids: Sequence[str], **fields: Any) -> list[AssetExtracted]:
    """Publish one event for each id, many at once."""
    objects = [await asyncio.to_thread(corner.upload, texture(number)) for number in range(TEXTURES)]
    events = [corner.event(asset_id, objects[number % TEXTURES], **fields) for number, asset_id in enumerate(asset_ids)]
    await publish_all(corner, events)
    return events


async def publish_all(corner: Pipeline, events: Sequence[AssetExtracted]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=corner.bootstrap, enable_idempotence=True)
    await producer.start()
    try:
        sent = [
            await producer.send(
                corner.topics.extracted,
                encode_event(event),
                key=event.asset_id.encode(),
                headers=list(event_headers(event, source="/test")),
            )
            for event in events
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def tagged_events(corner: Pipeline, topic: str | None = None) -> list[AssetTagged]:
    """Return all tagged events of a topic, in each partition's order; what is none is left out."""
    records = await read_all(corner.bootstrap, topic or corner.topics.tagged)
    events = []
    for record in records:
        with suppress(EventDecodeError):
            events.append(decode_event(AssetTagged, record.value or b""))
    return events


def renamed_taxonomy(folder: Path, version: str) -> Path:
    """Return aegis-mini with another version of its taxonomy: the same tags under another digest."""
    shutil.copytree(default_bundle_path(), folder)
    bundle = load_bundle(folder)
    text = (folder / TAXONOMY).read_text().replace(f'version: "{bundle.taxonomy.version}"', f'version: "{version}"')
    assert version in text
    (folder / TAXONOMY).write_text(text)
    taxonomy = load_taxonomy(folder / TAXONOMY)
    (folder / "taxonomy.npz").write_bytes(pack_compiled(taxonomy, bundle.vectors))
    refresh_manifest(folder, bundle.manifest, [TAXONOMY, "taxonomy.npz"])
    return folder
