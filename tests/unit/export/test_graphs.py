"""The exported towers compute what torch computes, on real textures when the samples are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch

from consumer.imaging.decode import decode
from consumer.imaging.picture import ImageLimits
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.images.preprocess import PreprocessSpec, prepare
from export.bundles.compile import compile_taxonomy
from export.graphs.static_int8 import to_static_int8
from export.graphs.towers import (
    TextTower,
    VisualTower,
    export_graph,
    largest_difference,
    least_cosine,
    run_graph,
)
from export.mini.model import MEAN, STD, ImageTower
from export.mini.package import write_bundle
from tests.unit.tagging.tiny import TAXONOMY_JSON

SIZE = 64


@pytest.fixture(scope="module")
def model() -> ImageTower:
    torch.manual_seed(0)
    return ImageTower(256, 10.0, SIZE).eval()


@pytest.fixture(scope="module")
def pictures() -> np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]]:
    """Smooth, noisy and flat pictures: what textures are made of."""
    rng = np.random.default_rng(0)
    slope = np.linspace(0, 255, SIZE)[None, :, None] * np.ones((SIZE, 1, 3))
    return np.stack([slope, rng.integers(0, 256, (SIZE, SIZE, 3)), np.full((SIZE, SIZE, 3), 128)]).astype(np.uint8)


@pytest.fixture(scope="module")
def textures() -> np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]]:
    """Real ones: what a network computes of them is what ranges of integers are measured for."""
    spec = PreprocessSpec(size=SIZE, ground=(128, 128, 128))
    files = sorted((Path(__file__).parents[3] / "samples" / "supertuxkart").glob("*.png"))[:16]
    return np.stack([prepare(decode(file.read_bytes(), ImageLimits()), spec) for file in files])


def test_the_visual_graph_takes_uint8_in_any_batch_size_and_gives_torchs_embedding(
    model: ImageTower, pictures: np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]], tmp_path: Path
) -> None:
    tower = VisualTower(model, MEAN, STD)
    export_graph(tower, torch.from_numpy(pictures[:2]), "pixels", tmp_path / "visual.onnx")
    assert largest_difference(tower, tmp_path / "visual.onnx", pictures) <= 1e-4
    embeddings = run_graph(tmp_path / "visual.onnx", pictures[:1])
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1, abs=1e-5)


def test_the_text_graph_gives_torchs_embedding(tmp_path: Path) -> None:
    torch.manual_seed(0)
    text = open_clip.CLIPTextCfg(context_length=16, vocab_size=80, width=64, heads=2, layers=1)
    tower = TextTower(open_clip.CLIP(24, open_clip.CLIPVisionCfg(image_size=32, layers=1, width=64), text))
    tokens = torch.randint(0, 80, (3, 16))
    export_graph(tower, tokens[:2], "tokens", tmp_path / "textual.onnx")
    assert largest_difference(tower, tmp_path / "textual.onnx", tokens.numpy()) <= 1e-4


def test_convolutions_in_int8_stay_close_to_fp32_at_a_quarter_of_its_size(
    model: ImageTower, textures: np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]], tmp_path: Path
) -> None:
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    export_graph(VisualTower(model, MEAN, STD), torch.from_numpy(textures[:2]), "pixels", full)
    to_static_int8(full, small, textures)
    assert least_cosine(run_graph(full, textures), run_graph(small, textures)) >= 0.98
    assert small.stat().st_size < 0.3 * full.stat().st_size


def test_a_written_bundle_verifies_and_its_vocabulary_can_be_changed_without_touching_the_model(
    model: ImageTower, textures: np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]], tmp_path: Path
) -> None:
    taxonomy, folder = tmp_path / "taxonomy.yaml", tmp_path / "bundle"
    taxonomy.write_text(TAXONOMY_JSON)
    write_bundle(model, default_bundle_path(), taxonomy, folder, textures)
    before = load_bundle(folder)
    shipped = load_bundle(default_bundle_path())
    assert before.manifest.files["textual.onnx"] == shipped.manifest.files["textual.onnx"], "the text tower stays"
    assert before.manifest.image.size == SIZE

    taxonomy.write_text(TAXONOMY_JSON.replace('"cat": {', '"ant": {"prompts": ["red"]}, "cat": {'))
    compile_taxonomy(folder, taxonomy)
    after = load_bundle(folder)
    assert after.vectors["beasts"].names == ("ant", "cat", "dog")
    assert after.digest == before.digest
    assert after.taxonomy_digest != before.taxonomy_digest
