"""`aegis duplicates` on a library that holds textures twice, made from each other in several ways."""

from __future__ import annotations

import io
import json
from pathlib import Path

from PIL import Image

from testkit.kafka_tools import eventually
from testkit.running import Pipeline
from tests.unit.findings.test_part import padded
from tests.unit.findings.test_relation import jpeg, picture


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


async def test_duplicates_are_listed_with_what_they_are_of_each_other(idle_pipeline: Pipeline, tmp_path: Path) -> None:
    original = picture(5, (192, 128))
    library = {
        "one/wall.png": original,
        "two/wall_again.png": original,
        "two/wall_small.png": original.resize((134, 90)),
        "two/wall_half.png": original.resize((96, 64)),
        "two/wall_part.png": original.crop((11, 7, 180, 121)),
        "two/wall_more.png": padded(original, "#000000", (200, 140)),
        "two/wall_jpeg.png": jpeg(original),
        "two/wall_mirror.png": original.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "two/other.png": picture(6, (192, 128)),
    }
    for name in ("tagger", "sink"):
        idle_pipeline.service(name).start()
    for asset_id, image in library.items():
        await idle_pipeline.publish(idle_pipeline.event(asset_id, idle_pipeline.upload(png(image))))

    async def are_indexed() -> bool:
        return len(await idle_pipeline.rows("SELECT 1 FROM embeddings")) == len(library) - 1

    await eventually(are_indexed, "every content has its embedding")
    printed = idle_pipeline.aegis("duplicates", "--json")
    assert printed.returncode == 0, printed.stderr
    pairs = [json.loads(line) for line in printed.stdout.splitlines()]
    found = {(frozenset((pair["asset_id"], pair["other"])), pair["relation"]) for pair in pairs}
    others = idle_pipeline.aegis("duplicates", "--folder", "one")
    page = tmp_path / "pairs.html"
    assert idle_pipeline.aegis("duplicates", "--limit", "3", "--html", str(page)).returncode == 0
    assert page.read_text(encoding="utf-8").count("data:image/webp;base64,") == 6

    assert (frozenset(("one/wall.png", "two/wall_again.png")), "identical") in found
    assert (frozenset(("one/wall.png", "two/wall_small.png")), "resized") in found
    assert (frozenset(("one/wall.png", "two/wall_jpeg.png")), "recompressed") in found
    assert (frozenset(("one/wall.png", "two/wall_mirror.png")), "flipped") in found
    said = {(pair["asset_id"], pair["relation"], pair["other"]) for pair in pairs}
    assert ("two/wall_half.png", "mip-of", "one/wall.png") in said
    assert ("two/wall_part.png", "cropped", "one/wall.png") in said
    assert ("two/wall_more.png", "padded", "one/wall.png") in said
    assert not any("two/other.png" in names for names, _ in found)
    assert all(pair["bytes_saved"] > 0 for pair in pairs)
    assert "0 pairs" in others.stderr


async def test_a_pair_that_a_person_rejects_is_not_listed_until_the_word_is_withdrawn(idle_pipeline: Pipeline) -> None:
    """The word is an event: tables that are dropped and rebuilt from Kafka know it again."""
    services = [idle_pipeline.service(name) for name in ("tagger", "sink")]
    for service in services:
        service.start()
    library = {"wall.png": picture(5, (192, 128)), "wall_small.png": picture(5, (192, 128)).resize((134, 90))}
    for asset_id, image in library.items():
        await idle_pipeline.publish(idle_pipeline.event(asset_id, idle_pipeline.upload(png(image))))

    async def are_indexed() -> bool:
        return len(await idle_pipeline.rows("SELECT 1 FROM embeddings")) == len(library)

    def listed() -> str:
        printed = idle_pipeline.aegis("duplicates", "--json")
        assert printed.returncode == 0, printed.stderr
        return printed.stdout

    await eventually(are_indexed, "every content has its embedding")
    assert '"wall_small.png"' in listed()
    rejected = idle_pipeline.aegis("duplicates", "--reject", "wall_small.png", "wall.png", "--by", "anna")
    assert rejected.returncode == 0, rejected.stderr
    assert "are no duplicates, says anna" in rejected.stdout

    async def is_stored() -> bool:
        return bool(await idle_pipeline.rows("SELECT 1 FROM verdicts WHERE category = 'duplicate_of'"))

    await eventually(is_stored, "the word is stored")
    assert listed() == ""

    for service in services:
        assert service.stop() == 0
    rebuilt = idle_pipeline.aegis("rebuild", "--drop", "--yes")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert listed() == ""

    idle_pipeline.service("sink").start()
    # Named the other way round it is the same pair.
    withdrawn = idle_pipeline.aegis("duplicates", "--withdraw", "wall.png", "wall_small.png")
    assert withdrawn.returncode == 0, withdrawn.stderr

    async def is_withdrawn() -> bool:
        return not await idle_pipeline.rows("SELECT 1 FROM asset_tags WHERE category = 'duplicate_of'")

    await eventually(is_withdrawn, "the word is taken back")
    assert '"wall_small.png"' in listed()
    unknown = idle_pipeline.aegis("duplicates", "--reject", "wall.png", "nothing.png")
    assert unknown.returncode != 0
    assert "no asset 'nothing.png' is stored" in unknown.stderr
