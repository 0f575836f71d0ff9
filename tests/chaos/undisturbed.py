"""What the pipeline makes of each texture while nothing disturbs it: the run is compared with that."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

from PIL import Image, ImageOps

from schemas import AssetExtracted, ObjectRef, encode_event, utc_now
from tests.chaos.load import Load, PlannedRecord
from tests.chaos.verdict import Undisturbed
from tests.chaos.world import World

_SAMPLES = Path(__file__).resolve().parents[2] / "samples"
_MAX_SAMPLE_BYTES = 60_000
_REFERENCE_SECONDS = 120.0


def good_objects() -> list[bytes]:
    """Return real textures, the smaller ones; the mirror image and the half of the largest of them stand at the end."""
    files = sorted(_SAMPLES.rglob("*.png"))
    whole = [file.read_bytes() for file in files if file.stat().st_size <= _MAX_SAMPLE_BYTES]
    picture = Image.open(io.BytesIO(max(whole, key=len)))
    half = picture.convert("RGBA").resize((picture.width // 2, picture.height // 2))
    return [*whole, *(_png(made) for made in (ImageOps.mirror(picture), half))]


async def look(world: World, objects: Sequence[ObjectRef], tell: Callable[[str], None]) -> Undisturbed:
    """Let the pipeline tag and compare each texture once; the last two must be found to be one that is there."""
    tell(f"an undisturbed look at {len(objects)} textures")
    await world.publish(_one_each(objects), 0.0)
    world.published = 0
    deadline = time.monotonic() + _REFERENCE_SECONDS
    while time.monotonic() < deadline:
        rows, told = await world.rows("reference/"), await world.told()
        if len(rows) == len(told) == len(objects) and not await world.embeddings_waiting():
            relations = await world.relations()
            missed = {item.sha256 for item in objects[-2:]} - {item.sha256 for item in relations}
            if missed:
                raise RuntimeError(f"the comparer does not find what was made of a texture: {missed}")
            return Undisturbed({row.object_key: row.look for row in rows.values()}, frozenset(relations))
        await asyncio.sleep(0.5)
    raise RuntimeError(f"the undisturbed run did not end within {_REFERENCE_SECONDS:g} s; see the logs")


def _one_each(objects: Sequence[ObjectRef]) -> Load:
    """Return one event for each object, under an asset of its own."""
    load = Load()
    for number, reference in enumerate(objects):
        event = AssetExtracted(
            event_id=uuid4(),
            schema_version=AssetExtracted.SCHEMA_VERSION,
            occurred_at=utc_now(),
            asset_id=f"reference/{number}",
            object=reference,
        )
        now_ms = int(event.occurred_at.timestamp() * 1000)
        load.records.append(PlannedRecord(event.asset_id.encode(), encode_event(event), (), now_ms))
    return load


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
