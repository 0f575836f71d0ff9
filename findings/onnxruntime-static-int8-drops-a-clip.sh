#!/usr/bin/env bash
# Guess: quantize_static keeps what a Clip does: it leaves the node, or drops it only where the range of the integers that
# follow holds the same bounds.
# Finding: with the default asymmetric activations every Clip between two quantised nodes is dropped. The range always
# contains zero, so that a lower bound above zero (or an upper one below) is gone: what was at least 2 is 0 afterwards.
# With symmetric activations the node stays.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
venv/bin/python - 2>errors <<'PY' || { cat errors >&2; exit 1; }
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

INPUT = np.array([-4, -1, 0, 1, 3, 5, 7, 9], np.float32).reshape(1, 1, 1, 8)


class Calibration(CalibrationDataReader):
    def __init__(self):
        self.left = [{"x": INPUT}]

    def get_next(self):
        return self.left.pop() if self.left else None


def clipped_between_convolutions(low, high):
    """x, unchanged, clipped, unchanged."""
    constants = {"one": np.ones((1, 1, 1, 1), np.float32), "low": np.float32(low), "high": np.float32(high)}
    nodes = [
        helper.make_node("Conv", ["x", "one"], ["before"]),
        helper.make_node("Clip", ["before", "low", "high"], ["clipped"]),
        helper.make_node("Conv", ["clipped", "one"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(INPUT.shape)) for name in "xy"]
    known = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "clip", ends[:1], ends[1:], known)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(path):
    return onnxruntime.InferenceSession(path).run(None, {"x": INPUT})[0].ravel().round(1).tolist()


def compare(low, high, symmetric):
    onnx.save(clipped_between_convolutions(low, high), "float.onnx")
    quantize_static(
        "float.onnx", "int8.onnx", Calibration(), quant_format=QuantFormat.QDQ, weight_type=QuantType.QInt8,
        activation_type=QuantType.QInt8 if symmetric else QuantType.QUInt8,
        extra_options={"ActivationSymmetric": symmetric},
    )
    stays = any(node.op_type == "Clip" for node in onnx.load("int8.onnx").graph.node)
    kind = "symmetric" if symmetric else "asymmetric"
    print(f"Clip({low}, {high}), {kind}: the node {'stays' if stays else 'is dropped'}")
    print("  float", *run("float.onnx"))
    print("  int8 ", *run("int8.onnx"))
    return stays, float(np.abs(np.subtract(run("float.onnx"), run("int8.onnx"))).max())


print("onnxruntime", onnxruntime.__version__)
print("input    ", *INPUT.ravel().tolist())
assert compare(0, 6, symmetric=False) == (False, 0.0)
assert compare(2, 6, symmetric=False) == (False, 2.0)
stays, error = compare(2, 6, symmetric=True)
assert stays and error < 0.2
PY
