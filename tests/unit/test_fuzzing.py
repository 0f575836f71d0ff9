"""The fuzz targets in short: their seeds, and some damage done to them. `make fuzz` goes on for as long as you like."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import containers
from tests.fuzz.targets import TARGETS, Target

SEEDS = {name: target.seeds() for name, target in TARGETS.items()}
BUDGETS: dict[str, int] = {
    "event": 200,
    "image": 120,
    "textures": 120,
    "archive": 25,
    **{kind.value: 25 for kind in containers.KINDS},
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_seeds_are_fine(target: Target) -> None:
    """And nothing at all is fine too."""
    for seed in (b"", *SEEDS[target.name]):
        target.run(seed)


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Return a seed with bytes overwritten, cut out, repeated or appended in a few places."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 6))):
        # Half of the damage goes to the first bytes, where headers lie.
        last = max(1, draw(st.sampled_from([min(80, len(data)), len(data)])))
        at = draw(st.integers(0, last - 1))
        piece = draw(st.binary(max_size=8))
        how = draw(st.sampled_from(["overwrite", "insert", "cut", "repeat", "end"]))
        if how == "overwrite":
            data[at : at + len(piece)] = piece
        elif how == "insert":
            data[at:at] = piece
        elif how == "cut":
            del data[at : at + draw(st.integers(1, 64))]
        elif how == "repeat":
            data[at:at] = data[at : at + draw(st.integers(1, 64))]
        else:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_damaged_seeds_do_no_harm(target: Target) -> None:
    """Whatever is wrong with them ends as the one error that is meant for it."""

    @settings(max_examples=BUDGETS[target.name], suppress_health_check=list(HealthCheck))
    @given(data=damaged(SEEDS[target.name]))
    def do_no_harm(data: bytes) -> None:
        target.run(data)

    do_no_harm()
