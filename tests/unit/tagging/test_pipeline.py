"""A pipeline whose vocabulary or calibration is another, on the model that runs already."""

from __future__ import annotations

from dataclasses import replace

from consumer.tagging.bundle import default_bundle_path, load_bundle
from consumer.tagging.decode import ImageLimits
from consumer.tagging.embed import open_embedder
from consumer.tagging.pipeline import TaggingPipeline
from tests.unit.gateway.serving import picture


async def test_a_revised_one_judges_as_one_that_was_opened_so() -> None:
    """And the one that it came from goes on as it was."""
    bundle = load_bundle(default_bundle_path())
    embedder, uncalibrated = open_embedder(bundle), replace(bundle, calibration=None)
    pipeline = TaggingPipeline(bundle, embedder, limits=ImageLimits())
    opened = TaggingPipeline(uncalibrated, embedder, limits=ImageLimits())
    try:
        revised = pipeline.revised(uncalibrated)
        prepared = await revised.prepare(picture(1))
        vector = (await revised.embed(prepared)).vector
        first, expected, found = (one.score(vector, prepared.facts).tags for one in (pipeline, opened, revised))
    finally:
        await pipeline.close()
        await opened.close()

    assert found == expected != first
    assert (revised.model, revised.taxonomy) == (opened.model, opened.taxonomy)
    assert (pipeline.model.calibrated, revised.model.calibrated) == (True, False)
