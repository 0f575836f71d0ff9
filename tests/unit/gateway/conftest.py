"""The shipped model, loaded once; each test that asks for it runs in a loop of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from consumer.imaging.picture import ImageLimits
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.inference.embed import open_embedder
from consumer.tagging.pipeline import TaggingPipeline
from consumer.telemetry.metrics import Metrics

BUNDLE = load_bundle(default_bundle_path())
EMBEDDER = open_embedder(BUNDLE)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def pipeline(metrics: Metrics) -> AsyncIterator[TaggingPipeline]:
    limits = ImageLimits(max_bytes=1024 * 1024, max_pixels=512 * 512)
    opened = TaggingPipeline(BUNDLE, EMBEDDER, limits=limits, on_batch=metrics.batch_inferred)
    yield opened
    await opened.close()
