"""Which share of what the CPU multiplies a model reaches, and what that says of the next lever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.tagging.reach import Reach, next_lever


def reach(numbers: str = "int8", *, of_inference: float = 0.6, int8_gain: float = 4.0) -> Reach:
    """Return what a thread does that reaches this share of a peak of a million."""
    return Reach(numbers, peak=1e6, int8_gain=int8_gain, needed=100, inferred=of_inference * 1e4)  # type: ignore[arg-type]


@given(share=st.floats(0.01, 1), threads=st.integers(1, 64))
def test_a_pipeline_of_inference_alone_has_the_share_of_inference(share: float, threads: int) -> None:
    found = reach(of_inference=share)

    assert found.of_inference == pytest.approx(share)
    assert found.of_pipeline(found.inferred * threads, threads) == pytest.approx(share)


@pytest.mark.parametrize(
    ("found", "of_pipeline", "lever"),
    [
        (reach("fp32"), 0.6, "an int8 graph (aegis model export): here bytes are multiplied 4.0 times as fast"),
        (reach("fp32", int8_gain=1.1), 0.6, "more CPUs, a GPU, or a smaller model"),
        (reach(), 0.55, "more CPUs, a GPU, or a smaller model"),
        (reach(), 0.3, "textures that decode faster: inference takes 50% of the time"),
        (reach(of_inference=0.2), 0.19, "a model with fewer or larger layers"),
        # A rate that was measured in a luckier moment than inference alone.
        (reach(of_inference=0.6), 0.7, "more CPUs, a GPU, or a smaller model"),
    ],
)
def test_the_next_lever_is_where_most_is_lost(found: Reach, of_pipeline: float, lever: str) -> None:
    assert lever in next_lever(found, of_pipeline)
