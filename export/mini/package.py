"""A trained network to the bundle that ships: graphs, tokenizer, compiled taxonomy, manifest."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from consumer.tagging.bundle import MANIFEST, TAXONOMY, ImageSpec, Manifest, describe_file
from export.compile import compile_taxonomy, replace_file
from export.graphs import (
    TextTower,
    VisualTower,
    export_graph,
    largest_difference,
    least_cosine,
    run_graph,
    store_as_half,
)
from export.mini.model import CONTEXT_LENGTH, EMBED_DIM, IMAGE_SIZE, MEAN, STD, tokenize
from export.mini.transform import GROUND
from export.static_int8 import to_static_int8

SOURCE: Final = (
    "Trained from random weights by `python -m export.mini` on freely licensed game art from Debian packages"
)
LICENCE: Final = "Apache-2.0 for our part; see MODEL_CARD.md for the training data"
# Half-stored weights must not move an embedding further than this, integers no further than that.
_LEAST_COSINE_HALF: Final = 0.9999
_LEAST_COSINE_INT8: Final = 0.97


class ParityError(RuntimeError):
    """The exported graph does not compute what the network computes."""


def write_bundle(
    model: open_clip.CLIP, tokenizer_path: Path, taxonomy_path: Path, folder: Path, pictures: NDArray[np.uint8]
) -> Manifest:
    """Export `model` into `folder` and compile the taxonomy; raises ParityError when the graphs differ from torch.

    The image tower is int8. `pictures`: real images, uint8 [N, S, S, 3], on which its ranges are measured, and torch
    and ONNX compared. The bundle is uncalibrated.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(tokenizer_path))
    tokens = tokenize(tokenizer, ["a rusty sword", "clouds in the sky", "mud"])
    metrics = {
        **_write_visual(VisualTower(model, MEAN, STD), pictures, folder / "visual.onnx"),
        **_write_textual(TextTower(model), tokens, folder / "textual.onnx"),
    }
    replace_file(folder / "tokenizer.json", tokenizer_path.read_bytes())
    if taxonomy_path.resolve() != (folder / TAXONOMY).resolve():
        replace_file(folder / TAXONOMY, taxonomy_path.read_bytes())
    names = ["visual.onnx", "textual.onnx", "tokenizer.json", TAXONOMY]
    manifest = Manifest(
        id="aegis-mini",
        source_model="aegis-mini",
        source=SOURCE,
        licence=LICENCE,
        dim=EMBED_DIM,
        image=ImageSpec(size=IMAGE_SIZE, mean=MEAN, std=STD, ground=(GROUND, GROUND, GROUND)),
        logit_scale=float(model.logit_scale.detach().exp()),
        precision="int8",
        context_length=CONTEXT_LENGTH,
        files={name: describe_file(folder / name) for name in names},
        metrics=metrics,
    )
    replace_file(folder / MANIFEST, (manifest.model_dump_json(indent=2) + "\n").encode())
    compile_taxonomy(folder)
    return manifest


def _write_visual(tower: torch.nn.Module, pictures: NDArray[np.uint8], target: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / target.name
        difference = _exported(tower, torch.from_numpy(pictures[:64]), "pixels", full)
        to_static_int8(full, target, pictures)
        cosine = least_cosine(run_graph(full, pictures), run_graph(target, pictures))
    if cosine < _LEAST_COSINE_INT8:
        raise ParityError(f"{target.name} differs from its fp32 form: cosine {cosine:.4f}.")
    return {"visual_max_abs_diff": difference, "visual_int8_least_cosine": round(cosine, 6)}


def _write_textual(tower: torch.nn.Module, tokens: torch.Tensor, target: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / target.name
        difference = _exported(tower, tokens, "tokens", full)
        store_as_half(full, target)
        cosine = least_cosine(run_graph(full, tokens.numpy()), run_graph(target, tokens.numpy()))
    if cosine < _LEAST_COSINE_HALF:
        raise ParityError(f"{target.name} differs from its fp32 form: cosine {cosine:.5f}.")
    return {"textual_max_abs_diff": difference, "textual_half_least_cosine": round(cosine, 6)}


def _exported(tower: torch.nn.Module, sample: torch.Tensor, input_name: str, target: Path) -> float:
    """Write the graph, and return by how much it differs from torch at most."""
    export_graph(tower, sample[:2], input_name, target)
    difference = largest_difference(tower, target, sample.numpy())
    if difference > 1e-4:
        raise ParityError(f"{target.name} differs from torch: by {difference:.1e}.")
    return round(difference, 9)
