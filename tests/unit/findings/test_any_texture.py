"""Every texture can be looked over, whatever its size, channels and pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.findings.registry import BY_ID, CHECKS, look_over
from consumer.findings.texture import Texture
from consumer.imaging.facts import TextureFacts
from tests.unit.findings.making import painted, texture

PAINTED: dict[str, Callable[[np.random.Generator, tuple[int, int, int]], npt.NDArray[Any]]] = {
    "noise": lambda rng, shape: rng.integers(0, 256, shape),
    "flat": lambda rng, shape: np.full(shape, rng.integers(256)),
    "ramp": lambda _, shape: np.broadcast_to(np.linspace(0, 255, shape[1])[None, :, None], shape),
    "binary": lambda rng, shape: rng.integers(0, 2, shape) * 255,
}


@settings(max_examples=150, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 140), st.integers(1, 140), st.integers(1, 4)),
    kind=st.sampled_from(sorted(PAINTED)),
    seed=st.integers(0, 100),
    facts=st.builds(
        TextureFacts,
        mip_count=st.none() | st.integers(1, 12),
        usage=st.sampled_from([None, "normal_map", "single_channel", "lightmap"]),
        color_space=st.sampled_from([None, "srgb"]),
    ),
    path=st.text(max_size=12),
)
def test_nothing_makes_a_check_fail(
    shape: tuple[int, int, int], kind: str, seed: int, facts: TextureFacts, path: str
) -> None:
    pixels = PAINTED[kind](np.random.default_rng(seed), shape)

    findings = look_over(Texture(pixels.astype(np.uint8), "RGBA", "PNG", facts, path))

    assert [item.id for item in findings] == sorted({item.id for item in findings})
    assert all(np.isfinite(item.value) for item in findings)


def test_deep_grey_and_pixels_that_are_not_in_one_piece_are_read() -> None:
    deep = painted()[..., :1].astype(np.uint16) * 200
    sliced = painted(256)[::2, ::2]

    assert look_over(texture(deep)) == look_over(texture(deep.copy()))
    assert look_over(texture(sliced)) == look_over(texture(sliced.copy()))


def test_limits_and_checks_that_are_off_are_heeded() -> None:
    grey = painted()[..., :1].repeat(3, axis=2)

    def names(**options: object) -> set[str]:
        return {BY_ID[item.id].name for item in look_over(texture(grey), **options)}  # type: ignore[arg-type] # by name

    assert "grey-as-colour" in names()
    assert "grey-as-colour" not in names(off=frozenset({"AEG121"}))
    assert "over-budget" in names(limits={"AEG103": 100.0})
    assert look_over(texture(grey), off=frozenset(check.id for check in CHECKS)) == ()
