"""A vision transformer's first layer on the picture's own bytes: patches times int8 weights, already normalised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from export.graphs.onnx_files import opset_in
from export.graphs.sensitivity import values_of

Floats = NDArray[np.float32]
# The first with products of integers.
_FIRST_OPSET: Final = 10


@dataclass(frozen=True, slots=True)
class _Patches:
    """The convolution that cuts the picture into patches: `weight` [C, 3, P, P], `bias` [C]; `side` in patches."""

    node: onnx.NodeProto
    weight: Floats
    bias: Floats
    side: int


def patches_as_bytes(model: onnx.ModelProto) -> bool:
    """Let `model`, whose input is uint8 [N, S, S, 3], multiply the bytes themselves; return False if it has no patches.

    A byte is exact as it is, so that only the weights are rounded: to int8, per output channel.
    """
    patches = _patches_of(model)
    if patches is None or opset_in(model) < _FIRST_OPSET:
        return False
    affine = _normalisation(model, patches.node.input[0])
    if affine is None:
        return False
    factor, shift = affine
    scaled = patches.weight * factor[:, None, None]
    bias = patches.bias + (patches.weight * shift[:, None, None]).sum(axis=(1, 2, 3))
    _replace(model, patches, scaled.transpose(2, 3, 1, 0), bias.astype(np.float32))
    return True


def _patches_of(model: onnx.ModelProto) -> _Patches | None:
    """Return the first convolution, if its windows lie side by side and cover the picture."""
    node = next((node for node in model.graph.node if node.op_type == "Conv"), None)
    initializers = {tensor.name: tensor for tensor in model.graph.initializer}
    if node is None or not initializers.keys() >= set(node.input[1:]):
        return None
    weight = numpy_helper.to_array(initializers[node.input[1]]).astype(np.float32)
    bias = (
        numpy_helper.to_array(initializers[node.input[2]]) if len(node.input) > 2 else np.zeros(len(weight), np.float32)
    )
    settings = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    window, size = weight.shape[-1], _size_of(model)
    beside = (
        weight.shape[1:] == (3, window, window)
        and list(settings.get("strides", [1, 1])) == [window, window]
        and set(settings.get("pads", [0])) == {0}
        and set(settings.get("dilations", [1])) == {1}
    )
    return _Patches(node, weight, bias, size // window) if beside and size % window == 0 else None


def _size_of(model: onnx.ModelProto) -> int:
    return int(model.graph.input[0].type.tensor_type.shape.dim[1].dim_value)


def _normalisation(model: onnx.ModelProto, name: str) -> tuple[Floats, Floats] | None:
    """Return factor and shift [3] if `name` is the picture as [N, 3, S, S], each channel times one plus the other."""
    size = _size_of(model)
    pictures = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    pictures[0], pictures[1] = 0, 255
    outputs = values_of(model, [name], pictures)[name]
    if outputs.shape != (3, 3, size, size):
        return None
    low, high, seen = outputs
    shift = low[:, 0, 0]
    factor = ((high[:, 0, 0] - shift) / np.float32(255)).astype(np.float32)
    expected = pictures[2].transpose(2, 0, 1) * factor[:, None, None] + shift[:, None, None]
    return (factor, shift) if np.allclose(seen, expected, rtol=0, atol=1e-4) else None


def _whole(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return `weight` [P, P, 3, C] as bytes [P * P * 3, C], and what one step of each output channel means, [C].

    What rounding takes from a pixel's weight its neighbour gets: over a surface of one colour the errors of a thousand
    pixels would add up, and pictures are made of such surfaces.
    """
    step = np.maximum(np.abs(weight).max(axis=(0, 1, 2)) / 127, np.finfo(np.float32).tiny).astype(np.float32)
    exact = (weight / step).reshape(-1, *weight.shape[2:])
    whole, left = np.zeros(exact.shape, np.int8), np.zeros(exact.shape[1:], np.float32)
    for at, wanted in enumerate(exact):
        rounded = np.clip(np.round(wanted + left), -127, 127)
        left += wanted - rounded
        whole[at] = rounded
    return whole.reshape(-1, weight.shape[-1]), step


def _replace(model: onnx.ModelProto, found: _Patches, weight: Floats, bias: Floats) -> None:
    """Put the product of bytes where the convolution was; `weight` [P, P, 3, C]."""
    whole, step = _whole(weight)
    side, window, channels = found.side, found.weight.shape[-1], len(bias)
    constants: dict[str, NDArray[np.generic]] = {
        "cut": np.array([0, side, window, side, window, 3], np.int64),
        "rows": np.array([0, side * side, window * window * 3], np.int64),
        "weight": whole,
        "step": step,
        "bias": bias,
        "square": np.array([0, side, side, channels], np.int64),
    }
    model.graph.initializer.extend(
        numpy_helper.from_array(value, f"aegis.patches.{name}") for name, value in constants.items()
    )
    pixels = model.graph.input[0].name
    nodes = [
        helper.make_node("Reshape", [pixels, "aegis.patches.cut"], ["aegis.patches.a"]),
        helper.make_node("Transpose", ["aegis.patches.a"], ["aegis.patches.b"], perm=[0, 1, 3, 2, 4, 5]),
        helper.make_node("Reshape", ["aegis.patches.b", "aegis.patches.rows"], ["aegis.patches.c"]),
        helper.make_node("MatMulInteger", ["aegis.patches.c", "aegis.patches.weight"], ["aegis.patches.d"]),
        helper.make_node("Cast", ["aegis.patches.d"], ["aegis.patches.e"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["aegis.patches.e", "aegis.patches.step"], ["aegis.patches.f"]),
        helper.make_node("Add", ["aegis.patches.f", "aegis.patches.bias"], ["aegis.patches.g"]),
        helper.make_node("Reshape", ["aegis.patches.g", "aegis.patches.square"], ["aegis.patches.h"]),
        helper.make_node("Transpose", ["aegis.patches.h"], [found.node.output[0]], perm=[0, 3, 1, 2]),
    ]
    at = list(model.graph.node).index(found.node)
    kept = _needed([*model.graph.node[:at], *nodes, *model.graph.node[at + 1 :]], model)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    weights = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)


def _needed(nodes: list[onnx.NodeProto], model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Return the nodes, in order, that something behind them or the graph's outputs use."""
    wanted = {output.name for output in model.graph.output}
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]
