"""The image tower in other precisions, each compared with fp32 on real textures."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from export.graphs.numerics import least_cosine, run_graph
from export.graphs.onnx_files import EXTERNAL_FROM_BYTES, load_graph, save_graph
from export.graphs.patches import patches_as_bytes
from export.graphs.row_scales import with_row_scales
from export.graphs.sensitivity import layers_by_damage

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_COSINE: Final = 0.999
# Sums of squares overflow half floats, and onnxruntime 1.32 has no half Gelu for CPUs: it dies.
_FP32_OPS: Final = ("LpNormalization", "ReduceL2", "ReduceSumSquare", "Gelu", "Erf")


class QuantisationError(Exception):
    """A precision cannot come close enough to fp32; the message says how close it came."""


@dataclass(frozen=True, slots=True)
class Quantised:
    """`least_cosine` to fp32 over the checked textures, and the layers that stayed fp32 for it."""

    least_cosine: float
    fp32_layers: tuple[str, ...]


def to_int8(source: Path, target: Path, pixels: NDArray[np.uint8], goal: float = LEAST_COSINE) -> Quantised:
    """Write `source` with the weights of its MatMul and Gemm layers as QInt8 per channel, activations quantised as run.

    So are the patches of a vision transformer, whose activations are the bytes of the picture.

    Where the embeddings of `pixels` (uint8 [N, S, S, 3]) then leave the fp32 ones by more than a cosine of `goal`, the
    layers that do the most damage stay fp32: as few as it takes. Raises QuantisationError when none is left to keep.
    """
    expected = run_graph(source, pixels)
    kept: Sequence[str] = ()
    agreement = _tried(source, target, kept, pixels, expected)
    if agreement >= goal:
        return Quantised(agreement, ())
    ranked = layers_by_damage(source, pixels[:2])
    low, high = 0, len(ranked)
    while low + 1 < high:
        middle = (low + high) // 2
        if _tried(source, target, ranked[:middle], pixels, expected) >= goal:
            high = middle
        else:
            low = middle
    if high == len(ranked):
        raise QuantisationError(
            f"int8 reaches a cosine of {agreement:.5f} to fp32, and {goal} only with every layer in fp32: "
            "export without int8 (--precision fp32 --precision fp16)."
        )
    return Quantised(_tried(source, target, ranked[:high], pixels, expected), tuple(ranked[:high]))


def to_fp16(source: Path, target: Path, pixels: NDArray[np.uint8]) -> Quantised:
    """Write `source` computing in half floats, for GPUs; its input stays uint8, its output float32."""
    half = convert_float_to_float16(
        load_graph(source),
        keep_io_types=True,
        op_block_list=[*DEFAULT_OP_BLOCK_LIST, *_FP32_OPS],
        disable_shape_infer=source.stat().st_size >= EXTERNAL_FROM_BYTES,
    )
    # The conversion leaves its casts at the end.
    ordered = OnnxModel(half)
    ordered.topological_sort()
    save_graph(ordered.model, target)
    return Quantised(least_cosine(run_graph(source, pixels), run_graph(target, pixels, optimise=False)), ())


def _tried(
    source: Path, target: Path, kept: Sequence[str], pixels: NDArray[np.uint8], expected: NDArray[np.float32]
) -> float:
    with quiet():
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=False,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(kept),
            use_external_data_format=_total_bytes(source) // 4 >= EXTERNAL_FROM_BYTES,
        )
    model = load_graph(target)
    with_row_scales(model)
    patches_as_bytes(model)
    save_graph(model, target)
    return least_cosine(expected, run_graph(target, pixels, batch_size=8))


def _total_bytes(graph: Path) -> int:
    return sum(path.stat().st_size for path in graph.parent.glob(f"{graph.name}*"))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep onnxruntime's advice to itself: it asks for shape inference, which dynamic quantisation does not need."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
