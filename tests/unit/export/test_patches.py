"""The first layer of a vision transformer, computed on the bytes of the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from export.graphs.numerics import run_graph
from export.graphs.patches import patches_as_bytes

SIZE, WINDOW, CHANNELS = 32, 8, 24
Pictures = NDArray[np.uint8]


def tower(*, stride: int = WINDOW, curve: bool = False) -> onnx.ModelProto:
    """Return a graph that normalises, cuts into patches by a convolution, and gives the mean patch."""
    rng = np.random.default_rng(0)
    constants = {
        "mean": np.array([120, 115, 100], np.float32),
        "std": np.array([68, 66, 70], np.float32),
        "weight": rng.normal(0, 0.05, (CHANNELS, 3, WINDOW, WINDOW)).astype(np.float32),
        "bias": rng.normal(0, 1, CHANNELS).astype(np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Sqrt" if curve else "Identity", ["float"], ["light"]),
        helper.make_node("Sub", ["light", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "std"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "weight", "bias"], ["patches"], strides=[stride, stride], name="cut"),
        helper.make_node("GlobalAveragePool", ["patches"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tower",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", CHANNELS])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def before_and_after(
    model: onnx.ModelProto, pictures: Pictures, folder: Path
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    onnx.save(model, folder / "before.onnx")
    assert patches_as_bytes(model)
    onnx.checker.check_model(model)
    onnx.save(model, folder / "after.onnx")
    return run_graph(folder / "before.onnx", pictures), run_graph(folder / "after.onnx", pictures)


def test_the_bytes_of_a_picture_give_what_its_normalised_floats_gave(tmp_path: Path) -> None:
    model, pictures = tower(), np.random.default_rng(1).integers(0, 256, (3, SIZE, SIZE, 3), np.uint8)
    expected, found = before_and_after(model, pictures, tmp_path)

    assert found == pytest.approx(expected, abs=0.02)
    assert not {"Conv", "Sub", "Div"}.intersection(node.op_type for node in model.graph.node)


def test_rounding_does_not_add_up_over_a_surface_of_one_colour(tmp_path: Path) -> None:
    surfaces = np.repeat(np.arange(0, 256, 51, dtype=np.uint8), SIZE * SIZE * 3).reshape(-1, SIZE, SIZE, 3)
    expected, found = before_and_after(tower(), surfaces, tmp_path)

    assert found == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    "model", [tower(stride=WINDOW // 2), tower(curve=True)], ids=["windows that overlap", "a curve before it"]
)
def test_what_is_no_product_of_bytes_stays_as_it_is(model: onnx.ModelProto) -> None:
    before = model.SerializeToString()
    assert not patches_as_bytes(model)
    assert model.SerializeToString() == before
