"""Torch towers to ONNX: uint8 pixels or token ids in, L2-normalised embedding out, verified against torch."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import open_clip
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.graphs.numerics import least_cosine, run_graph

__all__ = [
    "OPSET",
    "TextTower",
    "VisualTower",
    "export_graph",
    "largest_difference",
    "least_cosine",
    "run_graph",
]

# The newest that the tracing exporter writes.
OPSET: Final = 20


class VisualTower(nn.Module):
    """uint8 [N, S, S, 3] to float32 [N, D]; mean and std are those of pixel values in 0..1."""

    def __init__(
        self, model: open_clip.CLIP, mean: tuple[float, float, float], std: tuple[float, float, float]
    ) -> None:
        super().__init__()
        self.model = model
        self.mean = torch.tensor(mean).view(1, 3, 1, 1) * 255
        self.std = torch.tensor(std).view(1, 3, 1, 1) * 255

    def forward(self, pixels: Tensor) -> Tensor:
        scaled = (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std
        embedding: Tensor = self.model.encode_image(scaled, normalize=True)
        return embedding


class TextTower(nn.Module):
    """int64 [N, context length] to float32 [N, D]."""

    def __init__(self, model: open_clip.CLIP) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        embedding: Tensor = self.model.encode_text(tokens, normalize=True)
        return embedding


def export_graph(tower: nn.Module, sample: Tensor, input_name: str, path: Path) -> None:
    """Write `tower` as ONNX with a free batch size; input `input_name`, output `embedding`."""
    # The fused attention kernel of inference has no ONNX form.
    torch.backends.mha.set_fastpath_enabled(False)
    tower.eval()
    with warnings.catch_warnings():
        # The tracing exporter is deprecated, yet it alone keeps the graph plain; only the batch varies in shape.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            tower,
            (sample,),
            str(path),
            input_names=[input_name],
            output_names=["embedding"],
            dynamic_axes={input_name: {0: "batch"}, "embedding": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.checker.check_model(str(path))


def largest_difference(
    tower: nn.Module, path: Path, batch: NDArray[np.generic], expected: NDArray[np.float32] | None = None
) -> float:
    """Return the largest absolute difference between torch and ONNX over the embeddings of `batch`.

    `expected` are torch's, where they are known already.
    """
    if expected is None:
        with torch.inference_mode():
            expected = torch.cat([tower(part) for part in torch.split(torch.from_numpy(batch), 8)]).numpy()
    return float(np.abs(expected - run_graph(path, batch)).max())
