#!/usr/bin/env bash
# Guess: an ONNX operator on integers, MatMulInteger, gives the same integers on every CPU, as its definition says.
# Finding: on x86 CPUs without VNNI (AVX2 and AVX-512 alike) onnxruntime adds pairs of uint8 x int8 products in signed
# 16 bits, which cut off what is larger: 4 * 255 * 127 is 65534 instead of 129540. An int8 model whose weights use all
# eight bits so gives other embeddings there than where it was made. The session option "session.x64quantprecision"
# makes the sums exact and is off by default. Guess then: where the sums are exact anyway it changes nothing. Finding: with
# VNNI (AMD EPYC, avx512_vnni) it makes weights unsigned all the same, and products take about twice the time.
# Runs on CPUs of both kinds, and says which this one is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
venv/bin/python - <<'PY'
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

INNER = 4
WIDTH = 768
EXACT = INNER * 255 * 127
# Two pairs, each at the largest that signed 16 bits hold.
CUT_OFF = INNER // 2 * 32767

weight = np.full((INNER, 1), 127, np.int8)
graph = helper.make_graph(
    [helper.make_node("MatMulInteger", ["pixels", "weight"], ["sums"])],
    "sums",
    [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, INNER])],
    [helper.make_tensor_value_info("sums", TensorProto.INT32, [1, 1])],
    [numpy_helper.from_array(weight, "weight")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=10).SerializeToString()


def total(precise: str) -> int:
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", precise)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return int(session.run(None, {"pixels": np.full((1, INNER), 255, np.uint8)})[0][0, 0])


def seconds(precise: str, side: int = WIDTH) -> float:
    """CPU time of one product of two square matrices, the median of many."""
    square = helper.make_graph(
        [helper.make_node("MatMulInteger", ["pixels", "weight"], ["sums"])],
        "sums",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [side, side])],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, [side, side])],
        [numpy_helper.from_array(np.full((side, side), 127, np.int8), "weight")],
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.x64quantprecision", precise)
    session = onnxruntime.InferenceSession(
        helper.make_model(square, opset_imports=[helper.make_opsetid("", 13)], ir_version=10).SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )
    taken = []
    for _ in range(60):
        start = time.process_time()
        session.run(None, {"pixels": np.full((side, side), 200, np.uint8)})
        taken.append(time.process_time() - start)
    return statistics.median(taken)


info = Path("/proc/cpuinfo")
flags = set(info.read_text().split()) if info.is_file() else set()
without_vnni = "sse4_1" in flags and not flags & {"avx512_vnni", "avx_vnni"}
default, precise = total("0"), total("1")
print(f"onnxruntime {version('onnxruntime')} on {platform.machine()}", "without VNNI" if without_vnni else "with exact sums")
print(f"4 * 255 * 127 is {EXACT}; by default {default}, with session.x64quantprecision {precise}")
ratio = seconds("1") / seconds("0")
print(f"with session.x64quantprecision a product takes {ratio:.2f} times as long")
assert without_vnni or "avx512_vnni" not in flags or ratio > 1.3
assert default == (CUT_OFF if without_vnni else EXACT)
assert precise == EXACT
PY
