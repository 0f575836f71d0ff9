"""The graphs whose speed is the most that a CPU multiplies: one product of two square matrices, of bytes or of floats.

    python -m export.graphs.peak

Writes them to where `aegis tune` reads them. The second matrix is made by the graph, which onnxruntime does once, as
it does with a model's weights.
"""

from __future__ import annotations

from typing import Final

from onnx import ModelProto, TensorProto, helper

from consumer.tagging.inference.peak import SIDE, Numbers, graph_path

_OPSET: Final = 17
_IR_VERSION: Final = 8
_TYPES: Final = {
    "int8": ("MatMulInteger", TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32),
    "fp32": ("MatMul", TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.FLOAT),
}


def peak_graph(numbers: Numbers) -> ModelProto:
    """Return a graph that multiplies its input [SIDE, SIDE] by a constant matrix of the same shape."""
    operator, left, right, result = _TYPES[numbers]
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["right"], value=helper.make_tensor("value", right, [1], [3])),
        helper.make_node(operator, ["left", "right"], ["result"]),
    ]
    graph = helper.make_graph(
        nodes,
        f"peak_{numbers}",
        [helper.make_tensor_value_info("left", left, [SIDE, SIDE])],
        [helper.make_tensor_value_info("result", result, [SIDE, SIDE])],
        [helper.make_tensor("shape", TensorProto.INT64, [2], [SIDE, SIDE])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)


def main() -> None:
    """Write both."""
    for numbers in ("int8", "fp32"):
        graph_path(numbers).write_bytes(peak_graph(numbers).SerializeToString())


if __name__ == "__main__":
    main()
