"""Which layers lose the most when their numbers become bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from consumer.concurrency.cpus import available_cpus
from consumer.tagging.inference.sessions import open_session
from export.graphs.onnx_files import load_graph, save_graph

Floats = NDArray[np.float32]
_AT_ONCE = 8


def layers_by_damage(graph: Path, pixels: NDArray[np.uint8]) -> list[str]:
    """Return the names of the layers that are quantised, the one whose result suffers most first.

    Damage is the squared error that int8 weights (per output channel) and uint8 activations (one scale) make in the
    layer's own result for its real input, relative to that result.
    """
    model = load_graph(graph)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    layers = [node for node in model.graph.node if node.op_type in {"MatMul", "Gemm"} and node.input[1] in weights]
    damage: dict[str, float] = {}
    for at in range(0, len(layers), _AT_ONCE):
        some = layers[at : at + _AT_ONCE]
        inputs = values_of(model, {node.input[0] for node in some}, pixels)
        for node in some:
            weight = numpy_helper.to_array(weights[node.input[1]]).astype(np.float32)
            damage[node.name] = _damage(inputs[node.input[0]], weight.T if _transposed(node) else weight)
    return sorted(damage, key=lambda name: -damage[name])


def values_of(model: onnx.ModelProto, names: Iterable[str], pixels: NDArray[np.uint8]) -> dict[str, Floats]:
    """Return what the graph computes for `pixels` under each of `names`, inner ones too; `model` stays as it was."""
    wanted = sorted(set(names))
    outputs = [output.name for output in model.graph.output]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in wanted if name not in outputs)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            save_graph(model, Path(scratch) / "tapped.onnx")
            session = open_session(Path(scratch) / "tapped.onnx", threads=available_cpus())
            values = session.run(wanted, {session.get_inputs()[0].name: pixels})
    finally:
        del model.graph.output[len(outputs) :]
    return dict(zip(wanted, values, strict=True))


def _damage(activations: Floats, weight: Floats) -> float:
    rows = activations.reshape(-1, activations.shape[-1])
    low, high = min(0.0, float(rows.min())), max(0.0, float(rows.max()))
    step = (high - low) / 255 or 1.0
    coarse_rows = np.round(rows / step) * step
    steps = np.abs(weight).max(axis=0) / 127
    coarse_weight = np.round(weight / np.where(steps == 0, 1, steps)) * steps
    exact = rows @ weight
    return float(((coarse_rows @ coarse_weight - exact) ** 2).sum() / ((exact**2).sum() + 1e-12))


def _transposed(node: onnx.NodeProto) -> bool:
    return any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
