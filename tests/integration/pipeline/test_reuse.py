"""Equal content is inferred once: by the same process, by another, and after a restart."""

from __future__ import annotations

import re
from typing import Any
from urllib.request import urlopen

from schemas import AssetTagged
from testkit.kafka_tools import eventually
from testkit.running import Pipeline, ServiceProcess, new_asset_id, texture

# Asset ids are random, and names would speak for tags.
REUSE = {"AEGIS_TAGGER_REUSE": "database", "AEGIS_MODEL_USE_NAMES": "false"}


def _embeddings(service: ServiceProcess) -> dict[str, float]:
    """Return how many came from where."""
    (started,) = [line for line in service.events() if line["event"] == "process.started"]
    with urlopen(f"{started['operations']}/metrics", timeout=5) as answer:  # noqa: S310 - our own http address
        text = answer.read().decode()
    counted = re.findall(r'^aegis_embeddings_total\{source="(\w+)"\} (\S+)$', text, re.MULTILINE)
    return {source: float(count) for source, count in counted}


def _found(event: AssetTagged) -> dict[str, Any]:
    """Return what the image gave, without who asked and when."""
    return event.model_dump(include={"object", "image", "tags", "model", "taxonomy", "pixel_evidence", "embedding"})


async def _tag(pipeline: Pipeline, data: bytes, **fields: Any) -> AssetTagged:
    asset_id = new_asset_id("reuse")
    await pipeline.publish(pipeline.event(asset_id, pipeline.upload(data).model_copy(update=fields)))
    (event,) = await pipeline.tagged(asset_id)
    return event


async def test_equal_content_is_inferred_once_and_gives_equal_events(idle_pipeline: Pipeline) -> None:
    """Also where an event does not say what its content is."""
    sink, first = idle_pipeline.service("sink"), idle_pipeline.service("tagger", **REUSE)
    sink.start()
    first.start()
    fresh = await _tag(idle_pipeline, texture(11))
    await idle_pipeline.stored(fresh.asset_id)
    remembered = await _tag(idle_pipeline, texture(11))
    assert _embeddings(first) == {"inferred": 1, "memory": 1}
    assert first.stop() == 0

    second = idle_pipeline.service("tagger", **REUSE)
    second.start()
    stored = await _tag(idle_pipeline, texture(11), sha256=None, size=None)
    other = await _tag(idle_pipeline, texture(12))

    assert _embeddings(second) == {"database": 1, "inferred": 1}
    assert _found(fresh) == _found(remembered) == _found(stored)
    assert _found(other)["embedding"] != _found(fresh)["embedding"]
    assert (remembered.timings_ms.decode, remembered.timings_ms.embed) == (0, 0)
    assert stored.timings_ms.decode > 0
    assert stored.timings_ms.embed == 0


async def test_without_its_database_a_tagger_infers(idle_pipeline: Pipeline) -> None:
    """That it cannot look up is told, and costs no record."""
    tagger = idle_pipeline.service("tagger", **REUSE, AEGIS_PG_DSN="postgresql://nobody@127.0.0.1:9/nothing")
    tagger.start()

    first = await _tag(idle_pipeline, texture(13))
    again = await _tag(idle_pipeline, texture(13))

    assert _embeddings(tagger) == {"inferred": 1, "memory": 1}
    assert _found(first) == _found(again)
    await eventually(lambda: any(line["event"] == "lookup.failed" for line in tagger.events()), "the failure is told")
    assert tagger.stop() == 0
