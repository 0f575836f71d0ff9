"""Sums of products of bytes: right on every CPU, also where its quickest instructions would cut them off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from consumer.tagging.inference.sessions import open_session

# Enough for every width of vector that a CPU has.
ROWS, INNER, COLUMNS = 3, 256, 16


def _graph(path: Path, nodes: list[onnx.NodeProto], kind: int, constants: dict[str, NDArray[np.generic]]) -> Path:
    """Write a graph from `pixels` (uint8 or float32) to `sums`; the right operand is `weight`, 127 throughout."""
    weight = np.full((INNER, COLUMNS), 127, np.int8)
    graph = helper.make_graph(
        nodes,
        "sums",
        [helper.make_tensor_value_info("pixels", kind, ["rows", INNER])],
        [helper.make_tensor_value_info("sums", TensorProto.FLOAT, ["rows", COLUMNS])],
        [numpy_helper.from_array(value, name) for name, value in {"weight": weight, **constants}.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


def test_the_largest_products_of_bytes_add_up_exactly(tmp_path: Path) -> None:
    """A picture's bytes times int8 weights, as the first layer of a vision transformer has them."""
    nodes = [
        helper.make_node("MatMulInteger", ["pixels", "weight"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["sums"], to=TensorProto.FLOAT),
    ]
    session = open_session(_graph(tmp_path / "sums.onnx", nodes, TensorProto.UINT8, {}))

    (sums,) = session.run(None, {"pixels": np.full((ROWS, INNER), 255, np.uint8)})

    assert np.array_equal(np.full((ROWS, COLUMNS), 255 * 127 * INNER, np.float32), sums)


def test_activations_that_are_quantised_as_they_come_add_up_exactly(tmp_path: Path) -> None:
    """The form that dynamic quantisation gives a layer, which onnxruntime runs as one operator of its own."""
    constants: dict[str, NDArray[np.generic]] = {
        "step": np.full(COLUMNS, 1 / 127, np.float32),
        "zero": np.zeros(COLUMNS, np.int8),
    }
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["pixels"], ["bytes", "scale", "middle"]),
        helper.make_node("MatMulInteger", ["bytes", "weight", "middle", "zero"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["scale", "step"], ["both"]),
        helper.make_node("Mul", ["cast", "both"], ["sums"]),
    ]
    session = open_session(_graph(tmp_path / "sums.onnx", nodes, TensorProto.FLOAT, constants))

    (sums,) = session.run(None, {"pixels": np.ones((ROWS, INNER), np.float32)})

    assert sums == pytest.approx(np.full((ROWS, COLUMNS), INNER), rel=1e-5)
