"""Padding as a part of the convolution that follows it: one operator less, and none to compute in integers."""

from __future__ import annotations

import onnx
from onnx import helper, numpy_helper


def fold_pads(model: onnx.ModelProto) -> int:
    """Fold each Pad by constant zeros, on height and width, into the Conv that alone reads it; return how many."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    folded = []
    for node in model.graph.node:
        after = readers.get(node.output[0], [])
        if node.op_type != "Pad" or len(after) != 1 or after[0].op_type != "Conv" or not _zeros(node, constants):
            continue
        before = numpy_helper.to_array(constants[node.input[1]]).tolist()
        if len(before) != 8 or any(before[at] for at in (0, 1, 4, 5)):
            continue
        _widen(after[0], [before[2], before[3], before[6], before[7]])
        after[0].input[0] = node.input[0]
        folded.append(node)
    for node in folded:
        model.graph.node.remove(node)
    return len(folded)


def _zeros(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> bool:
    """Tell whether what the Pad adds is known to be zeros."""
    modes = [attribute.s for attribute in node.attribute if attribute.name == "mode"]
    value = node.input[2] if len(node.input) > 2 else ""
    return (
        modes in ([], [b"constant"])
        and node.input[1] in constants
        and (not value or (value in constants and not numpy_helper.to_array(constants[value]).any()))
    )


def _widen(convolution: onnx.NodeProto, pads: list[int]) -> None:
    own = [0, 0, 0, 0]
    for attribute in list(convolution.attribute):
        if attribute.name == "pads":
            own = list(attribute.ints)
            convolution.attribute.remove(attribute)
    total = [mine + other for mine, other in zip(own, pads, strict=True)]
    convolution.attribute.append(helper.make_attribute("pads", total))
