"""`aegis duplicates` on a library that holds textures twice, made from each other in several ways."""

from __future__ import annotations

import io
import json

from PIL import Image

from testkit.kafka_tools import eventually
from testkit.running import Pipeline
from tests.unit.findings.test_part import padded
from tests.unit.findings.test_relation import jpeg, picture


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


async def test_duplicates_are_listed_with_what_they_are_of_each_other(idle_pipeline: Pipeline) -> None:
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
