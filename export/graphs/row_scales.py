"""Dynamic int8 in which a row does not depend on its batch: each row of activations has a scale of its own.

onnxruntime's own takes one scale and zero point for the activations of a whole batch, so that a picture beside a loud
one is rounded to that one's steps (findings/onnxruntime-dynamic-int8-row-depends-on-its-batch.sh).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final, NamedTuple

import numpy as np
import onnx
from onnx import helper, numpy_helper

_PREFIX: Final = "aegis.rows"
_MICROSOFT: Final = "com.microsoft"
# The first in which ReduceMax and ReduceMin take their axes as an input.
_AXES_AS_INPUT: Final = 18


class _Layer(NamedTuple):
    """What quantize_dynamic makes of one product: integers, made floats, times the scales of both sides.

    `weight_scale` is the name of the weights' own, one number for each output.
    """

    product: onnx.NodeProto
    as_float: onnx.NodeProto
    scaled: onnx.NodeProto
    scales: onnx.NodeProto
    weight_scale: str


def with_row_scales(model: onnx.ModelProto) -> int:
    """Let every product of quantised activations scale each row by itself; return how many there are.

    Activations become whole numbers of -127 to 127 around 128, exact in each row alone; weights stay as they are.
    """
    quantised = {node.output[0]: node for node in model.graph.node if node.op_type == "DynamicQuantizeLinear"}
    layers = _layers(model, quantised)
    if not layers:
        return 0
    _add_constants(model)
    opset = next(entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"})
    replaced: dict[int, list[onnx.NodeProto]] = {
        id(node): [] for layer in layers for node in (layer.product, layer.as_float, layer.scales)
    }
    for output in {layer.product.input[0] for layer in layers}:
        source = quantised[output]
        replaced[id(source)] = _as_rows(source.input[0], output, opset)
    for layer in layers:
        replaced[id(layer.scaled)] = _product(layer)
    nodes = [kept for node in model.graph.node for kept in replaced.get(id(node), [node])]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    if all(entry.domain != _MICROSOFT for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid(_MICROSOFT, 1))
    return len(layers)


def _layers(model: onnx.ModelProto, quantised: dict[str, onnx.NodeProto]) -> list[_Layer]:
    """Return the products of which all parts are as quantize_dynamic makes them; raises ValueError for any other."""
    users: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    makers = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        for name in node.input:
            users[name].append(node)
    layers = []
    for product in model.graph.node:
        if product.op_type != "MatMulInteger" or product.input[0] not in quantised:
            continue
        (as_float,) = users[product.output[0]]
        (scaled,) = users[as_float.output[0]]
        scales = next((makers[name] for name in scaled.input if name != as_float.output[0] and name in makers), None)
        if scales is None or (as_float.op_type, scaled.op_type, scales.op_type) != ("Cast", "Mul", "Mul"):
            raise ValueError(f"{product.name} is no product as onnxruntime's quantize_dynamic makes them")
        (weight_scale,) = [name for name in scales.input if name != quantised[product.input[0]].output[1]]
        layers.append(_Layer(product, as_float, scaled, scales, weight_scale))
    return layers


def _add_constants(model: onnx.ModelProto) -> None:
    constants = {
        "step": np.float32(1 / 127),
        "least": np.float32(1e-9),
        "one": np.float32(1),
        "zero": np.uint8(128),
        "minus_one": np.array([-1], np.int64),
    }
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), f"{_PREFIX}.{name}") for name, value in constants.items()
    )


def _as_rows(values: str, output: str, opset: int) -> list[onnx.NodeProto]:
    """Return the nodes that make `output` of `values`, and `output`.scale, one of each row."""
    parts = ("high", "low", "below", "largest", "scale", "scales", "count", "zeros", "rows", "whole", "shape")
    name = {part: f"{output}.{part}" for part in parts}
    axes = [f"{_PREFIX}.minus_one"] if opset >= _AXES_AS_INPUT else []
    given: dict[str, Any] = {"keepdims": 1} if axes else {"keepdims": 1, "axes": [-1]}
    return [
        helper.make_node("ReduceMax", [values, *axes], [name["high"]], **given),
        helper.make_node("ReduceMin", [values, *axes], [name["low"]], **given),
        helper.make_node("Neg", [name["low"]], [name["below"]]),
        helper.make_node("Max", [name["high"], name["below"], f"{_PREFIX}.least"], [name["largest"]]),
        helper.make_node("Mul", [name["largest"], f"{_PREFIX}.step"], [name["scale"]]),
        # By an axis, in one step: first scaling and then rounding goes through all activations once more.
        helper.make_node("Flatten", [values], [name["rows"]], axis=-1),
        helper.make_node("Reshape", [name["scale"], f"{_PREFIX}.minus_one"], [name["scales"]]),
        helper.make_node("Shape", [name["scales"]], [name["count"]]),
        helper.make_node("Expand", [f"{_PREFIX}.zero", name["count"]], [name["zeros"]]),
        helper.make_node("QuantizeLinear", [name["rows"], name["scales"], name["zeros"]], [name["whole"]], axis=0),
        helper.make_node("Shape", [values], [name["shape"]]),
        helper.make_node("Reshape", [name["whole"], name["shape"]], [output]),
    ]


def _product(layer: _Layer) -> list[onnx.NodeProto]:
    rows, weight, _, *weight_zero = layer.product.input
    whole = f"{layer.scaled.output[0]}.whole"
    inputs = [rows, weight, f"{_PREFIX}.one", layer.weight_scale, f"{_PREFIX}.zero", *weight_zero]
    return [
        helper.make_node("MatMulIntegerToFloat", inputs, [whole], domain=_MICROSOFT),
        helper.make_node("Mul", [whole, f"{rows}.scale"], [layer.scaled.output[0]]),
    ]
