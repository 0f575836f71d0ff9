"""Convolutional towers in int8: ranges of activations measured beforehand, on pictures like those to come."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_static

from export.graphs.onnx_files import load_graph, save_graph
from export.graphs.pads import fold_pads
from export.graphs.quantise import quiet
from export.graphs.rounding import round_weights

_BATCH: Final = 8
_OPERATORS: Final = ["Conv", "MatMul", "Add", "Relu", "Clip", "MaxPool", "AveragePool", "GlobalAveragePool"]
# Of eight bits.
_LEVELS: Final = 127
# A layer's means need few pictures, and every layer computes them again.
_PICTURES_OF_MEANS: Final = 48
# Rare peaks would cost all other values their resolution.
_PERCENTILE: Final = 99.99


def to_static_int8(source: Path, target: Path, pixels: NDArray[np.uint8]) -> None:
    """Write `source` with weights and activations as integers, ranges measured on `pixels` (uint8 [N, S, S, 3]).

    Weights have eight bits per channel, and whoever runs the graph adds in 32, as `open_session` does, so that the
    embedding is the same with and without VNNI. Dynamic quantisation, as transformers get it, would leave the
    convolutions as they are.
    """
    # It prints, besides.
    with quiet(), contextlib.redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as scratch:
        quantize_static(
            _prepared(source, Path(scratch) / source.name, pixels),
            target,
            _Pictures(pixels),
            op_types_to_quantize=_OPERATORS,
            per_channel=True,
            reduce_range=False,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": _PERCENTILE},
        )


def _prepared(source: Path, target: Path, pixels: NDArray[np.uint8]) -> Path:
    """Write `source` with constants worked out, padding inside convolutions and weights rounded; return `target`."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    model = load_graph(target)
    fold_pads(model)
    round_weights(model, pixels[:: max(1, len(pixels) // _PICTURES_OF_MEANS)][:_PICTURES_OF_MEANS], _LEVELS)
    save_graph(model, target)
    return target


class _Pictures(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is untyped
    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        # All batches must have one size.
        count = max(1, len(pixels) // _BATCH)
        self._batches: Iterator[NDArray[np.uint8]] = iter(np.split(pixels[: count * _BATCH], count))

    def get_next(self) -> dict[str, Any] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"pixels": batch}
