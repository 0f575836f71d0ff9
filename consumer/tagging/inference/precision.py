"""Which of a bundle's graphs runs best here."""

from __future__ import annotations

import platform
from collections.abc import Collection
from pathlib import Path
from typing import Final, Literal

from consumer.concurrency.cpus import CPU_INFO, cpu_flags
from consumer.tagging.bundle.manifest import BundleError, Precision

Wanted = Literal["auto", "fp32", "fp16", "int8"]

# Instructions that multiply bytes and add up 32-bit sums: without them int8 may be slower than fp32.
_DOT_PRODUCT_FLAGS: Final = {"avx512_vnni", "avx_vnni", "asimddp", "i8mm"}
_GPU_PROVIDERS: Final = {
    "CUDAExecutionProvider",
    "TensorrtExecutionProvider",
    "NvTensorRTRTXExecutionProvider",
    "MIGraphXExecutionProvider",
    "ROCMExecutionProvider",
    "DmlExecutionProvider",
}


def choose_precision(
    available: Collection[Precision], wanted: Wanted, provider: str, *, int8_is_fast: bool
) -> Precision:
    """Return the precision to run.

    `auto` is fp16 on a GPU, int8 on a CPU that has instructions for it, else fp32; where the bundle lacks that one, the
    next best that it has. Raises BundleError when a precision is asked for by name and is not there.
    """
    if wanted != "auto":
        if wanted not in available:
            raise BundleError(
                f"AEGIS_MODEL_PRECISION={wanted} is not in the bundle, which has {', '.join(sorted(available))}: "
                "choose one of these, or auto."
            )
        return wanted
    order: tuple[Precision, ...] = ("fp32", "fp16", "int8")
    if runs_half_floats(provider):
        order = ("fp16", "fp32", "int8")
    elif provider == "CPUExecutionProvider" and int8_is_fast:
        order = ("int8", "fp32", "fp16")
    return next(precision for precision in order if precision in available)


def runs_half_floats(provider: str) -> bool:
    """Tell whether an execution provider computes in fp16; a CPU would only cast."""
    return provider in _GPU_PROVIDERS


def int8_is_fast(cpu_info: Path = CPU_INFO) -> bool:
    """Tell whether this CPU has dot products of bytes (VNNI on x86, dotprod on ARM)."""
    flags = cpu_flags(cpu_info)
    if flags is None:
        # Apple's ARM processors all have them; elsewhere without /proc we do not know, and fp32 is never wrong.
        return platform.system() == "Darwin" and platform.machine() == "arm64"
    return bool(_DOT_PRODUCT_FLAGS & flags)
