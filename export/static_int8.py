"""Convolutional towers in int8: ranges of activations measured beforehand, on pictures like those to come."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_static

from export.quantise import quiet

_BATCH: Final = 8
_OPERATORS: Final = ["Conv", "MatMul", "Add", "Relu", "MaxPool", "AveragePool"]
# Rare peaks would cost all other values their resolution.
_PERCENTILE: Final = 99.99


def to_static_int8(source: Path, target: Path, pixels: NDArray[np.uint8]) -> None:
    """Write `source` with weights and activations as integers, ranges measured on `pixels` (uint8 [N, S, S, 3]).

    Weights per channel and of seven bits, which no CPU adds up to more than its registers hold: the embedding is the
    same with and without VNNI. Dynamic quantisation, as transformers get it, would leave the convolutions as they are.
    """
    # It prints, besides.
    with quiet(), contextlib.redirect_stdout(io.StringIO()):
        quantize_static(
            source,
            target,
            _Pictures(pixels),
            op_types_to_quantize=_OPERATORS,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": _PERCENTILE},
        )


class _Pictures(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is untyped
    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        # All batches must have one size.
        count = max(1, len(pixels) // _BATCH)
        self._batches: Iterator[NDArray[np.uint8]] = iter(np.split(pixels[: count * _BATCH], count))

    def get_next(self) -> dict[str, Any] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"pixels": batch}
