"""A trained network to the bundle that ships: graphs, tokenizer, compiled taxonomy, manifest."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final, Literal

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
# Smaller numbers must not move an embedding further than this.
_LEAST_COSINE: Final = {"half": 0.9999, "int8": 0.97}


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
    tokens = tokenize(tokenizer, ["a rusty sword", "clouds in the sky", "mud"]).numpy()
    metrics = {
        **_written(VisualTower(model, MEAN, STD), pictures, "pixels", folder / "visual.onnx", "int8"),
        **_written(TextTower(model), tokens, "tokens", folder / "textual.onnx", "half"),
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


def _written(
    tower: torch.nn.Module, sample: NDArray[np.generic], input_name: str, target: Path, form: Literal["int8", "half"]
) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / target.name
        export_graph(tower, torch.from_numpy(sample[:2]), input_name, full)
        difference = largest_difference(tower, full, sample)
        if form == "int8":
            to_static_int8(full, target, sample.astype(np.uint8, copy=False))
        else:
            store_as_half(full, target)
        cosine = least_cosine(run_graph(full, sample), run_graph(target, sample))
    if difference > 1e-4 or cosine < _LEAST_COSINE[form]:
        raise ParityError(f"{target.name} differs from torch: by {difference:.1e}, cosine {cosine:.5f} as {form}.")
    return {f"{target.stem}_max_abs_diff": round(difference, 9), f"{target.stem}_{form}_least_cosine": round(cosine, 6)}
