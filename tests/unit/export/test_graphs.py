"""The exported towers compute what torch computes, on real textures when the samples are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from tokenizers import Tokenizer

from consumer.tagging.bundle import load_bundle
from consumer.tagging.decode import ImageLimits, decode
from consumer.tagging.preprocess import PreprocessSpec, prepare
from export.compile import compile_taxonomy
from export.graphs import (
    TextTower,
    VisualTower,
    export_graph,
    largest_difference,
    least_cosine,
    run_graph,
    store_as_half,
)
from export.mini.model import MEAN, STD, create_model, tokenize, train_tokenizer
from export.mini.package import write_bundle
from export.static_int8 import to_static_int8
from tests.unit.tagging.tiny import TAXONOMY_JSON

SIZE = 64
SENTENCES = ["a cat", "one dog and a cat", "nothing red"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(SENTENCES * 3, vocabulary_size=80)


@pytest.fixture(scope="module")
def model(tokenizer: Tokenizer) -> open_clip.CLIP:
    torch.manual_seed(0)
    return create_model(tokenizer.get_vocab_size(), SIZE).eval()


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
    model: open_clip.CLIP, pictures: np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]], tmp_path: Path
) -> None:
    tower = VisualTower(model, MEAN, STD)
    export_graph(tower, torch.from_numpy(pictures[:2]), "pixels", tmp_path / "visual.onnx")
    assert largest_difference(tower, tmp_path / "visual.onnx", pictures) <= 1e-4
    embeddings = run_graph(tmp_path / "visual.onnx", pictures[:1])
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1, abs=1e-5)


def test_the_text_graph_gives_torchs_embedding_and_survives_half_stored_weights(
    model: open_clip.CLIP, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    tower, tokens = TextTower(model), tokenize(tokenizer, SENTENCES)
    full, half = tmp_path / "full.onnx", tmp_path / "half.onnx"
    export_graph(tower, tokens[:2], "tokens", full)
    store_as_half(full, half)
    assert largest_difference(tower, full, tokens.numpy()) <= 1e-4
    assert least_cosine(run_graph(full, tokens.numpy()), run_graph(half, tokens.numpy())) >= 0.9999
    assert half.stat().st_size < 0.6 * full.stat().st_size


def test_convolutions_in_int8_stay_close_to_fp32_at_a_quarter_of_its_size(
    model: open_clip.CLIP, textures: np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]], tmp_path: Path
) -> None:
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    export_graph(VisualTower(model, MEAN, STD), torch.from_numpy(textures[:2]), "pixels", full)
    to_static_int8(full, small, textures)
    assert least_cosine(run_graph(full, textures), run_graph(small, textures)) >= 0.98
    assert small.stat().st_size < 0.3 * full.stat().st_size


def test_a_written_bundle_verifies_and_its_vocabulary_can_be_changed_without_touching_the_model(
    model: open_clip.CLIP,
    tokenizer: Tokenizer,
    textures: np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]],
    tmp_path: Path,
) -> None:
    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY_JSON)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    folder = tmp_path / "bundle"
    write_bundle(model, tmp_path / "tokenizer.json", tmp_path / "taxonomy.yaml", folder, textures)
    before = load_bundle(folder)

    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY_JSON.replace('"cat": {', '"ant": {"prompts": ["red"]}, "cat": {'))
    compile_taxonomy(folder, tmp_path / "taxonomy.yaml")
    after = load_bundle(folder)
    assert after.vectors["beasts"].names == ("ant", "cat", "dog")
    assert after.digest == before.digest
    assert after.taxonomy_digest != before.taxonomy_digest
