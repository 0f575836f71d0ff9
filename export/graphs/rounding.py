"""Weights of few bits that keep each layer's mean: what rounding them shifts is taken back by the bias.

Depthwise filters have few taps and inputs above zero, so that their rounding errors add up to a shift of the whole
channel, and layer after layer to another embedding (Nagel et al., "Data-free quantization", 2019, section 4.2).
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Floats = NDArray[np.float32]


def round_weights(model: onnx.ModelProto, pixels: NDArray[np.uint8], levels: int = 127) -> None:
    """Round the weights of convolutions to `levels` steps on either side of zero, per output channel.

    Then move their biases so that every channel has the mean over `pixels` (uint8 [N, S, S, 3]) that it had before,
    one layer after the other. A convolution without a bias is rounded alone.
    """
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    outputs = [node.output[0] for node in convolutions]
    wanted = _channel_means(model, outputs, pixels)
    for node in convolutions:
        _store(constants[node.input[1]], rounded(numpy_helper.to_array(constants[node.input[1]]), levels))
    for node in convolutions:
        if len(node.input) > 2:
            shift = wanted[node.output[0]] - _channel_means(model, [node.output[0]], pixels)[node.output[0]]
            _store(constants[node.input[2]], numpy_helper.to_array(constants[node.input[2]]) + shift)


def rounded(weights: Floats, levels: int) -> Floats:
    """Return `weights` [channels, ...] in multiples of each channel's largest value / `levels`."""
    largest = np.abs(weights).max(axis=tuple(range(1, weights.ndim)), keepdims=True)
    step = np.where(largest > 0, largest / levels, 1.0)
    return (np.round(weights / step) * step).astype(np.float32)


def _channel_means(model: onnx.ModelProto, names: list[str], pixels: NDArray[np.uint8]) -> dict[str, Floats]:
    """Return the mean of each channel of the named values [N, channels, H, W]."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    del shown.graph.output[:]
    shown.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    options = onnxruntime.SessionOptions()
    # It would tell of every constant that an output alone does not need.
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(shown.SerializeToString(), options, providers=["CPUExecutionProvider"])
    sums = [np.zeros(1, np.float64) for _ in names]
    for at in range(0, len(pixels), 8):
        values = session.run(None, {"pixels": pixels[at : at + 8]})
        sums = [total + value.mean(axis=(2, 3)).sum(axis=0) for total, value in zip(sums, values, strict=True)]
    return {name: (total / len(pixels)).astype(np.float32) for name, total in zip(names, sums, strict=True)}


def _store(tensor: onnx.TensorProto, values: Floats) -> None:
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), tensor.name))
