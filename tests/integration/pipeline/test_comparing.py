"""The comparer on real services: a new texture is told to be one that is stored, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import pytest
from PIL import Image

from schemas import AssetRelated, decode_event
from schemas.objects import sha256_hex
from testkit.kafka_tools import Written, eventually, read_all
from testkit.running import Pipeline
from tests.integration.pipeline.test_duplicates import png
from tests.unit.findings.test_relation import jpeg, picture

_TINY = picture(5, (192, 128))
LIBRARY: Mapping[str, Image.Image] = {
    "one/wall.png": _TINY,
    "two/wall_again.png": _TINY,
    "two/wall_half.png": _TINY.resize((96, 64)),
    "two/wall_part.png": _TINY.crop((11, 7, 180, 121)),
    "two/wall_mirror.png": _TINY.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "two/other.png": picture(6, (192, 128)),
}
Pairs = set[tuple[frozenset[str], str]]


async def publish(pipeline: Pipeline, library: Mapping[str, Image.Image]) -> None:
    for asset_id, image in library.items():
        await pipeline.publish(pipeline.event(asset_id, pipeline.upload(png(image))))


async def newest(pipeline: Pipeline) -> dict[str, Written]:
    """Return what a compacted topic would keep."""
    return {(item.key or b"").decode(): item for item in await read_all(pipeline.bootstrap, pipeline.topics.related)}


def event_of(record: Written) -> AssetRelated:
    return decode_event(AssetRelated, record.value or b"")


async def compared(pipeline: Pipeline, asset_ids: set[str]) -> dict[str, AssetRelated]:
    """Wait until each has been compared, and return the newest event of each."""
    records: dict[str, Written] = {}

    async def are_there() -> bool:
        nonlocal records
        records = await newest(pipeline)
        return asset_ids <= records.keys()

    await eventually(are_there, f"an asset-related event of each of {sorted(asset_ids)}")
    return {asset_id: event_of(records[asset_id]) for asset_id in asset_ids}


def pairs(events: Mapping[str, AssetRelated]) -> Pairs:
    return {
        (frozenset((asset_id, other.asset_id)), other.relation)
        for asset_id, event in events.items()
        for other in event.related
    }


def expected(others: Mapping[str, str]) -> Pairs:
    """Return pairs with the wall, by either of its names."""
    return {(frozenset(("one/wall.png", asset_id)), relation) for asset_id, relation in others.items()}


def with_one_wall(found: Pairs) -> Pairs:
    """Return the pairs with equal contents under their first name: whose was stored first is chance."""
    one = {"two/wall_again.png": "one/wall.png"}
    return {
        (names if relation == "identical" else frozenset(one.get(name, name) for name in names), relation)
        for names, relation in found
    }


ALL = expected(
    {
        "two/wall_again.png": "identical",
        "two/wall_half.png": "mip-of",
        "two/wall_part.png": "cropped",
        "two/wall_mirror.png": "flipped",
    }
)


async def test_each_texture_is_told_which_stored_ones_it_is_again(idle_pipeline: Pipeline) -> None:
    for name in ("tagger", "sink", "comparer"):
        idle_pipeline.service(name).start()
    await publish(idle_pipeline, LIBRARY)

    events = await compared(idle_pipeline, set(LIBRARY))

    assert with_one_wall(pairs(events)) >= ALL
    assert events["two/other.png"].related == ()
    record = (await newest(idle_pipeline))["two/other.png"]
    assert record.text("ce_type") == "aegis.asset.related.v1"
    assert record.text("ce_source") == "/aegis/comparer"

    await publish(idle_pipeline, {"late.png": jpeg(_TINY)})
    late = (await compared(idle_pipeline, {"late.png"}))["late.png"]

    (wall,) = [item for item in late.related if item.asset_id == "one/wall.png"]
    assert (wall.relation, wall.said_of, wall.assets) == ("recompressed", "this", 2)
    assert wall.bytes_saved > 0
    assert wall.sha256 != late.sha256


async def test_no_pair_is_lost_between_two_comparers_and_kills(idle_pipeline: Pipeline) -> None:
    """Both compare at once what neither has told; one is killed at work, and what it read is read again."""
    for name in ("tagger", "sink"):
        idle_pipeline.service(name).start()
    one, two = idle_pipeline.service("comparer"), idle_pipeline.service("comparer")
    one.start()
    two.start()
    await publish(idle_pipeline, LIBRARY)

    async def has_begun() -> bool:
        return bool(await newest(idle_pipeline))

    await eventually(has_begun, "a first comparison")
    one.kill()

    assert with_one_wall(pairs(await compared(idle_pipeline, set(LIBRARY)))) >= ALL


async def test_the_comparer_waits_for_a_sink_that_is_away(idle_pipeline: Pipeline) -> None:
    """Compared with what is not stored yet, a pair would be lost."""
    idle_pipeline.service("tagger").start()
    comparer = idle_pipeline.service("comparer")
    comparer.start()
    await publish(idle_pipeline, LIBRARY)
    await idle_pipeline.tagged("two/other.png")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3):
            await compared(idle_pipeline, {"two/other.png"})

    idle_pipeline.service("sink").start()

    assert with_one_wall(pairs(await compared(idle_pipeline, set(LIBRARY)))) >= ALL
    assert comparer.stop() == 0


async def stored_relations(pipeline: Pipeline) -> set[tuple[str, str, str, str]]:
    """Return what anybody who asks the tables is told, by asset and other asset."""
    rows = await pipeline.rows("SELECT asset_id, other_asset_id, relation, said_of FROM asset_relations")
    return {tuple(row) for row in rows}


async def test_pairs_that_a_person_rejected_are_told_no_more_and_removals_are_passed_on(
    idle_pipeline: Pipeline,
) -> None:
    for name in ("tagger", "sink", "comparer"):
        idle_pipeline.service(name).start()
    library = {"wall.png": _TINY, "wall_half.png": _TINY.resize((96, 64))}
    await publish(idle_pipeline, library)
    assert pairs(await compared(idle_pipeline, set(library))) == {(frozenset(library), "mip-of")}
    assert await stored_relations(idle_pipeline) == {
        ("wall_half.png", "wall.png", "mip-of", "this"),
        ("wall.png", "wall_half.png", "mip-of", "other"),
    }
    found = idle_pipeline.aegis("search", "--relation", "mip-of", "--json")
    assert sorted(json.loads(line)["asset_id"] for line in found.stdout.splitlines()) == sorted(library)
    assert idle_pipeline.aegis("search", "--relation", "flipped").returncode == 1
    rejected = idle_pipeline.aegis("duplicates", "--reject", "wall_half.png", "wall.png", "--by", "anna")
    assert rejected.returncode == 0, rejected.stderr
    known = {asset_id: record.offset for asset_id, record in (await newest(idle_pipeline)).items()}

    await publish(idle_pipeline, library)

    async def are_told_again() -> bool:
        return all(record.offset > known[asset_id] for asset_id, record in (await newest(idle_pipeline)).items())

    await eventually(are_told_again, "both compared once more")
    assert pairs(await compared(idle_pipeline, set(library))) == set()
    assert await stored_relations(idle_pipeline) == set()
    assert idle_pipeline.aegis("search", "--relation", "any").returncode == 1

    await idle_pipeline.remove("wall_half.png")

    async def is_removed() -> bool:
        return (await newest(idle_pipeline))["wall_half.png"].value is None

    await eventually(is_removed, "a tombstone on asset-related")


async def test_the_removal_of_an_asset_that_came_back_is_not_told_any_more(idle_pipeline: Pipeline) -> None:
    """A comparer that was stopped for a while, and knows of nothing behind it, must not have the last word."""
    for name in ("tagger", "sink"):
        idle_pipeline.service(name).start()
    await publish(idle_pipeline, {"wall.png": _TINY})
    await idle_pipeline.remove("wall.png")
    mirrored = LIBRARY["two/wall_mirror.png"]
    await publish(idle_pipeline, {"wall.png": mirrored})

    async def is_back() -> bool:
        rows = await idle_pipeline.rows("SELECT sha256 FROM assets WHERE asset_id = 'wall.png'")
        return [row["sha256"] for row in rows] == [sha256_hex(png(mirrored))]

    await eventually(is_back, "the asset is stored with its new content")
    idle_pipeline.service("comparer").start()

    assert (await compared(idle_pipeline, {"wall.png"}))["wall.png"].sha256 == sha256_hex(png(mirrored))
    assert all(item.value is not None for item in await read_all(idle_pipeline.bootstrap, idle_pipeline.topics.related))
