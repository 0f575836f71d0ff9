"""Which graph runs where, and graphs that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.tagging.bundle.manifest import BundleError, Precision
from consumer.tagging.inference.precision import Wanted, choose_precision, int8_is_fast

CPU, GPU, OTHER = "CPUExecutionProvider", "CUDAExecutionProvider", "OpenVINOExecutionProvider"
ALL: tuple[Precision, ...] = ("fp32", "fp16", "int8")


@pytest.mark.parametrize(
    ("available", "provider", "fast", "chosen"),
    [
        (ALL, CPU, True, "int8"),
        (ALL, CPU, False, "fp32"),
        (ALL, GPU, True, "fp16"),
        (ALL, OTHER, True, "fp32"),
        (("fp32",), CPU, True, "fp32"),
        (("fp32", "int8"), GPU, False, "fp32"),
        (("int8",), CPU, False, "int8"),
    ],
)
def test_the_machine_chooses(available: tuple[Precision, ...], provider: str, fast: bool, chosen: str) -> None:
    assert choose_precision(available, "auto", provider, int8_is_fast=fast) == chosen


@pytest.mark.parametrize("wanted", ALL)
def test_a_setting_overrules_the_machine(wanted: Wanted) -> None:
    assert choose_precision(ALL, wanted, CPU, int8_is_fast=False) == wanted


def test_a_precision_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(BundleError, match=r"AEGIS_MODEL_PRECISION=fp16 is not in the bundle, which has fp32, int8"):
        choose_precision(("fp32", "int8"), "fp16", CPU, int8_is_fast=True)


@pytest.mark.parametrize(
    ("text", "fast"),
    [
        ("flags\t\t: fpu avx2 avx512_vnni\n", True),
        ("flags\t\t: fpu avx2 avx_vnni\n", True),
        ("Features\t: fp asimd asimddp\n", True),
        ("flags\t\t: fpu sse avx2\n", False),
        ("nonsense", False),
    ],
)
def test_instructions_for_bytes_are_read_from_the_cpu_itself(tmp_path: Path, text: str, fast: bool) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    assert int8_is_fast(tmp_path / "cpuinfo") is fast
