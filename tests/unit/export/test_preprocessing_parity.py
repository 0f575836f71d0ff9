"""Our decoder and resizing against open_clip's own, on opaque textures: what a trained model sees stays the same."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from open_clip.transform import image_transform
from PIL import Image

from consumer.imaging.decode import decode
from consumer.imaging.picture import ImageLimits
from consumer.tagging.bundle.bundle import default_bundle_path
from consumer.tagging.images.preprocess import PreprocessSpec, prepare
from consumer.tagging.inference.embed import Embedder

_SAMPLES = Path(__file__).parents[3] / "samples"
_CLIP_SIZE = 224


@pytest.mark.parametrize(
    ("side", "fmt"),
    [(256, "PNG"), (512, "PNG"), (1024, "PNG"), (2048, "PNG"), (512, "WEBP"), (512, "TGA"), (1024, "JPEG")],
)
def test_pixels_are_those_of_open_clip(side: int, fmt: str) -> None:
    files = [_encoded(np.tile(pixels, _repeats(pixels, side))[:side, :side], fmt) for pixels in _opaque_samples()]
    ours, theirs = _both(files, _CLIP_SIZE)

    assert np.abs(ours.astype(np.float32) - theirs).mean(axis=(1, 2, 3)).max() <= 0.5


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_embeddings_are_those_of_open_clips_pixels(side: int, tmp_path: Path) -> None:
    embedder = Embedder(_without_rounding(default_bundle_path() / "visual.onnx", tmp_path / "visual.onnx"))
    enlarged = [Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC) for pixels in _opaque_samples()]
    ours, theirs = _both([_encoded(np.asarray(image), "PNG") for image in enlarged], embedder.size)

    assert (embedder.run(ours) * embedder.run(theirs)).sum(axis=1).min() >= 0.9999


def _without_rounding(source: Path, target: Path) -> Path:
    """Write the shipped weights computed in floats: steps of int8 would hide, or enlarge, what pixels change."""
    model = onnx.load(source)
    rounded = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    back = {
        node.output[0]: rounded[node.input[0]]
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in rounded
    }
    assert back
    nodes = [node for node in model.graph.node if node.op_type != "QuantizeLinear" and node.output[0] not in back]
    for node in nodes:
        for at, name in enumerate(node.input):
            node.input[at] = back.get(name, name)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, target)
    return target


def _both(files: list[bytes], size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return what we and what open_clip make of the files, uint8 [N, size, size, 3]."""
    spec = PreprocessSpec(size, (128, 128, 128), "crop")
    reference = image_transform(size, is_train=False, mean=(0.0,) * 3, std=(1.0,) * 3)
    theirs = [reference(Image.open(io.BytesIO(data))).permute(1, 2, 0).numpy() * 255 for data in files]
    ours = [prepare(decode(data, ImageLimits()), spec) for data in files]
    return np.stack(ours), np.stack(theirs).round().astype(np.uint8)


def _opaque_samples() -> list[NDArray[np.uint8]]:
    found = []
    for path in sorted(_SAMPLES.rglob("*.png"))[::6]:
        with Image.open(path) as image:
            picture = image.convert("RGBA")
        ground = Image.new("RGB", picture.size, (128, 128, 128))
        ground.paste(picture, mask=picture.getchannel("A"))
        found.append(np.asarray(ground))
    return found


def _repeats(pixels: NDArray[np.uint8], side: int) -> tuple[int, int, int]:
    """Return how often to lay a sample beside itself: enlarging would smooth its detail away."""
    return -(-side // pixels.shape[0]), -(-side // pixels.shape[1]), 1


def _encoded(pixels: NDArray[np.uint8], fmt: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, fmt)
    return buffer.getvalue()
