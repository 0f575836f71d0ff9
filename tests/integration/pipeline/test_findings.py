"""What is wrong with textures, from the tagger to the tables."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from schemas import AssetTagged, Source
from testkit.running import Pipeline, new_asset_id


def opaque() -> bytes:
    """Return a texture with an alpha channel that it does not use."""
    pixels = np.random.default_rng(7).integers(0, 256, (64, 64, 4)).astype("u1")
    pixels[..., 3] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


async def _tag(pipeline: Pipeline, name: str) -> AssetTagged:
    asset_id = new_asset_id("findings")
    await pipeline.publish(pipeline.event(asset_id, pipeline.upload(opaque()), source=Source(name=name)))
    (event,) = await pipeline.tagged(asset_id)
    return event


def names(event: AssetTagged) -> set[str]:
    return {finding.name for finding in event.findings or ()}


async def test_findings_travel_with_the_tags_and_equal_content_is_judged_by_its_own_name(
    idle_pipeline: Pipeline,
) -> None:
    """Also where its embedding is remembered: another name tells other findings of the same pixels."""
    tagger = idle_pipeline.service("tagger", AEGIS_TAGGER_REUSE="memory")
    tagger.start()
    idle_pipeline.service("sink").start()
    first = await _tag(idle_pipeline, "rock")
    again = await _tag(idle_pipeline, "stone")
    normal = await _tag(idle_pipeline, "rock_normal")

    assert "alpha-unused" in names(first)
    assert names(again) == names(first)
    assert names(normal) - names(first) == {"name-says-normal"}
    await idle_pipeline.stored(normal.asset_id)
    stored = await idle_pipeline.rows(
        "SELECT id, name, severity, value FROM asset_findings WHERE asset_id = $1", normal.asset_id
    )
    assert {row["name"] for row in stored} == names(normal)


async def test_a_project_judges_and_findings_can_be_switched_off(idle_pipeline: Pipeline, tmp_path: Path) -> None:
    project = tmp_path / "aegis-lint.yaml"
    project.write_text("severities: {alpha-unused: error}\n", encoding="utf-8")
    strict = idle_pipeline.service("tagger", AEGIS_FINDINGS_PROJECT=str(project))
    strict.start()
    judged = await _tag(idle_pipeline, "rock")
    assert strict.stop() == 0
    off = idle_pipeline.service("tagger", AEGIS_FINDINGS_ENABLED="false")
    off.start()
    unseen = await _tag(idle_pipeline, "rock")
    assert off.stop() == 0

    assert [found.severity for found in judged.findings or () if found.name == "alpha-unused"] == ["error"]
    assert unseen.findings is None
