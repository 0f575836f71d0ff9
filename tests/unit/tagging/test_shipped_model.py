"""aegis-mini as it ships: whole, small, fit for use."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from consumer.concurrency.cpus import available_cpus
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.inference.embed import Embedder, ModelError, ProviderUnavailableError
from consumer.tagging.pipeline import TaggingPipeline
from schemas import Candidates, Embedding, Tag

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture
def embedder() -> Embedder:
    return Embedder(default_bundle_path() / "visual.onnx")


def test_its_graphs_are_small_and_its_confidences_calibrated() -> None:
    bundle = load_bundle(default_bundle_path())
    graphs = [entry.bytes for name, entry in bundle.manifest.files.items() if name.endswith(".onnx")]
    assert sum(graphs) <= 16_000_000
    assert bundle.calibration is not None


def test_embeddings_have_length_one_and_do_not_depend_on_the_batch(embedder: Embedder) -> None:
    batch = np.random.default_rng(0).integers(0, 256, (5, embedder.size, embedder.size, 3), np.uint8)
    together = embedder.run(batch)
    alone = np.concatenate([embedder.run(image[None]) for image in batch])
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_memory_handed_over_by_binding_gives_the_same_embeddings(embedder: Embedder) -> None:
    batch = np.random.default_rng(0).integers(0, 256, (3, embedder.size, embedder.size, 3), np.uint8)
    bound = Embedder(default_bundle_path() / "visual.onnx", bind=True)
    np.testing.assert_array_equal(bound.run(batch), embedder.run(batch))


def test_a_batch_of_another_shape_is_refused(embedder: Embedder) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        embedder.run(np.zeros((1, 8, 8, 3), np.uint8))


def test_a_provider_that_is_not_here_is_refused_not_replaced() -> None:
    with pytest.raises(ProviderUnavailableError, match="AEGIS_MODEL_PROVIDER=TensorrtExecutionProvider"):
        Embedder(default_bundle_path() / "visual.onnx", provider="TensorrtExecutionProvider")


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / "visual.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelError, match="cannot be loaded"):
        Embedder(tmp_path / "visual.onnx")


async def test_the_pipeline_tags_a_normal_map_and_a_button_and_refuses_text(embedder: Embedder) -> None:
    pipeline = TaggingPipeline(load_bundle(default_bundle_path()), embedder, limits=ImageLimits())
    await pipeline.warm_up()
    found = {}
    for name in ("supertuxkart/3td_LoneBrick_01_NRM.png", "megaglest/checkbox_checked.png"):
        prepared = await pipeline.prepare((SAMPLES / name).read_bytes())
        scored = pipeline.score((await pipeline.embed(prepared)).vector, prepared.facts)
        found[name] = {tag.tag: tag for tag in scored.tags}
    with pytest.raises(ImageRejectedError):
        await pipeline.prepare(b"text")
    await pipeline.close()

    normal_map = found["supertuxkart/3td_LoneBrick_01_NRM.png"]["normal_map"]
    assert (normal_map.source_model, normal_map.confidence > 0.7) == ("pixels", True)
    assert found["megaglest/checkbox_checked.png"]["ui_element"].confidence > 0.3


async def test_a_redelivered_picture_gives_the_same_bytes_whatever_it_is_batched_with(embedder: Embedder) -> None:
    pictures = [file.read_bytes() for file in sorted((SAMPLES / "supertuxkart").glob("*.png"))[:12]]

    async def tagged(pipeline: TaggingPipeline, picture: bytes) -> tuple[str, tuple[Tag, ...], Candidates | None]:
        prepared = await pipeline.prepare(picture)
        vector = (await pipeline.embed(prepared)).vector
        scored = await pipeline.score_together(vector, prepared.facts)
        return Embedding.from_array(vector).data, scored.tags, scored.candidates

    pipeline = TaggingPipeline(load_bundle(default_bundle_path()), embedder, limits=ImageLimits())
    alone = [await tagged(pipeline, picture) for picture in pictures]
    together = await asyncio.gather(*(tagged(pipeline, picture) for picture in pictures))
    await pipeline.close()

    assert together == alone


@pytest.mark.parametrize(
    ("content", "expected"), [("150000 100000", 2), ("max 100000", 10_000), ("50000 100000", 1), ("nonsense", 10_000)]
)
def test_a_cgroup_quota_limits_the_cpus(tmp_path: Path, content: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(content)
    assert available_cpus(tmp_path) == min(expected, available_cpus(tmp_path / "none"))
