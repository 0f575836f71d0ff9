"""The peak of a CPU is measured on two committed graphs, and a model's need counted on its own graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from consumer.tagging.inference.multiply_adds import multiply_adds, of_operator
from consumer.tagging.inference.peak import SIDE, Numbers, graph_path, peak_multiply_adds
from export.graphs.peak import peak_graph

BOTH = pytest.mark.parametrize("numbers", ["int8", "fp32"])


@BOTH
def test_the_committed_graph_is_the_one_that_the_exporter_makes(numbers: Numbers) -> None:
    assert graph_path(numbers).read_bytes() == peak_graph(numbers).SerializeToString()


@BOTH
def test_a_peak_is_measured_even_if_there_is_no_time(numbers: Numbers) -> None:
    assert peak_multiply_adds(numbers, 0) > 0


def test_the_multiply_adds_of_a_graph_are_those_of_its_layers(tmp_path: Path) -> None:
    """A convolution of 4 filters of 3 · 3 · 3 weights at 8 · 8 places, then a product with 256 · 5 weights."""
    path = tmp_path / "graph.onnx"
    onnx.save(_graph(), path)

    assert multiply_adds(path) == 8 * 8 * 4 * (3 * 3 * 3) + 256 * 5


@pytest.mark.parametrize(
    ("operator", "inputs", "outputs", "expected"),
    [
        ("MatMul", [[1, 12, 50, 64], [1, 12, 64, 50]], [[1, 12, 50, 50]], 12 * 50 * 50 * 64),
        ("QLinearConv", [[1, 16, 16, 8], [], [], [8, 1, 3, 3]], [[1, 16, 16, 8]], 16 * 16 * 8 * 9),
        ("Softmax", [[1, 12, 50, 50]], [[1, 12, 50, 50]], 0),
    ],
)
def test_attention_grouped_filters_and_what_multiplies_nothing(
    operator: str, inputs: list[list[int]], outputs: list[list[int]], expected: int
) -> None:
    assert of_operator(operator, inputs, outputs) == expected


def test_a_peak_is_of_square_matrices_that_fit_the_graph() -> None:
    graph = onnx.load(graph_path("int8")).graph

    assert [value.dim_value for value in graph.input[0].type.tensor_type.shape.dim] == [SIDE, SIDE]


def _graph() -> onnx.ModelProto:
    rng = np.random.default_rng(0)
    weights = {
        "filters": rng.normal(size=(4, 3, 3, 3)).astype(np.float32),
        "matrix": rng.normal(size=(256, 5)).astype(np.float32),
        "flat": np.array([-1, 256]),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "filters"], ["maps"], pads=[1, 1, 1, 1]),
        helper.make_node("Reshape", ["maps", "flat"], ["row"]),
        helper.make_node("MatMul", ["row", "matrix"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", 8, 8, 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
