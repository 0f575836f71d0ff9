"""How many multiplications of two numbers, each added to a sum, a graph needs for one image."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime

_Shapes = Sequence[Sequence[int]]
_MATRIX_PRODUCTS: Final = {
    "MatMul",
    "FusedMatMul",
    "MatMulInteger",
    "MatMulIntegerToFloat",
    "DynamicQuantizeMatMul",
    "QLinearMatMul",
    "Gemm",
    "FusedGemm",
}
_CONVOLUTIONS: Final = {"Conv", "FusedConv", "NhwcFusedConv", "ConvInteger", "QLinearConv"}


def multiply_adds(graph: Path) -> int:
    """Return those of one image through the graph's matrix products and convolutions.

    The graph is run once on the CPU, with onnxruntime's own profile, which names the shapes of each operator. ``graph``
    takes uint8 [N, S, S, 3], as every bundle's does.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        options.log_severity_level = 3
        # Layouts of this CPU fill channels up with zeros, which are no need of the model.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        # Of weights that were packed for the CPU the profile names no shape.
        options.add_session_config_entry("session.disable_prepacking", "1")
        session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        (image,) = session.get_inputs()
        session.run(None, {image.name: np.zeros((1, *image.shape[1:]), np.uint8)})
        profile = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    nodes = [event["args"] for event in profile if str(event.get("name")).endswith("_kernel_time")]
    return sum(of_operator(node["op_name"], shapes(node, "input"), shapes(node, "output")) for node in nodes)


def shapes(node: Mapping[str, Any], side: str) -> list[list[int]]:
    """Return the shapes of an operator's inputs or outputs, as the profile names them."""
    return [shape for tensor in node[f"{side}_type_shape"] for shape in tensor.values()]


def of_operator(operator: str, inputs: _Shapes, outputs: _Shapes) -> int:
    """Return the multiply-adds of one operator, 0 for one that is neither a matrix product nor a convolution.

    Each element of a matrix product sums as many products as the left matrix has columns; each of a convolution as many
    as one filter has weights.
    """
    if operator in _MATRIX_PRODUCTS:
        return math.prod(outputs[0]) * inputs[0][-1]
    if operator in _CONVOLUTIONS:
        filters = next(shape for shape in inputs[1:] if len(shape) == 4)
        return math.prod(outputs[0]) * math.prod(filters[1:])
    return 0
