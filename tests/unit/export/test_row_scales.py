"""In int8 a picture has one embedding, whatever it is batched with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from consumer.tagging.inference.sessions import open_session
from export.graphs.quantise import quiet
from export.graphs.row_scales import with_row_scales

Floats = NDArray[np.float32]
WIDTH = 64


def layers(folder: Path, opset: int) -> tuple[Path, Path]:
    """Write two layers and an activation between them, as floats and as onnxruntime quantises them."""
    rng = np.random.default_rng(0)
    weights = {
        "first": rng.normal(0, 0.2, (WIDTH, WIDTH)).astype(np.float32),
        "second": rng.normal(0, 0.2, (16, WIDTH)).astype(np.float32),
        "bias": rng.normal(size=16).astype(np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["rows", "first"], ["sums"]),
            helper.make_node("Relu", ["sums"], ["active"]),
            helper.make_node("Gemm", ["active", "second", "bias"], ["embeddings"], transB=1),
        ],
        "layers",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["batch", WIDTH])],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", 16])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    exact, quantised = folder / "exact.onnx", folder / "int8.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10), exact)
    with quiet():
        quantize_dynamic(exact, quantised, per_channel=True, weight_type=QuantType.QInt8)
    return exact, quantised


def run(graph: Path, rows: Floats) -> Floats:
    embeddings: Floats = open_session(graph).run(None, {"rows": rows})[0]
    return embeddings


@pytest.mark.parametrize("opset", [13, 18])
def test_a_row_is_the_same_to_the_last_bit_beside_loud_ones_and_close_to_the_exact_one(
    tmp_path: Path, opset: int
) -> None:
    exact, quantised = layers(tmp_path, opset)
    model = onnx.load(quantised)
    assert with_row_scales(model) == 2
    onnx.checker.check_model(model)
    onnx.save(model, tmp_path / "rows.onnx")
    rows = np.random.default_rng(1).normal(size=(8, WIDTH)).astype(np.float32)
    loud = np.concatenate([rows, rows[:4] * 50])

    alone = np.concatenate([run(tmp_path / "rows.onnx", row[None]) for row in rows])

    np.testing.assert_array_equal(run(tmp_path / "rows.onnx", loud)[:8], alone)
    expected = run(exact, rows)
    cosines = (alone * expected).sum(1) / np.linalg.norm(alone, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosines.min() > 0.999
    assert not np.array_equal(run(quantised, loud)[:8], np.concatenate([run(quantised, row[None]) for row in rows]))


def test_a_row_of_zeros_stays_what_the_bias_makes_of_it(tmp_path: Path) -> None:
    exact, quantised = layers(tmp_path, 18)
    model = onnx.load(quantised)
    with_row_scales(model)
    onnx.save(model, tmp_path / "rows.onnx")
    nothing = np.zeros((1, WIDTH), np.float32)
    np.testing.assert_allclose(run(tmp_path / "rows.onnx", nothing), run(exact, nothing), atol=1e-6)


def test_a_graph_without_quantised_products_stays_as_it_is(tmp_path: Path) -> None:
    exact, _ = layers(tmp_path, 18)
    model = onnx.load(exact)
    before = model.SerializeToString()
    assert with_row_scales(model) == 0
    assert model.SerializeToString() == before
