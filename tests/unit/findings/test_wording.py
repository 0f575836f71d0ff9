"""Values of findings as a person reads them."""

from __future__ import annotations

import pytest

from consumer.findings.check import Check
from consumer.findings.registry import BY_NAME, CHECKS
from consumer.findings.wording import WORDINGS, value_in_words


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("halo", 0.9792, "97.9 % of the edges"),
        ("halo", 0.5312, "53 % of the edges"),
        ("halo", 1.0, "100 % of the edges"),
        ("alpha-nearly-binary", 0.0016, "0.2 % of pixels that are neither clear nor opaque"),
        ("alpha-unused", 255.0, "alpha 255 in every pixel"),
        ("not-power-of-two", 1030.0, "a side of 1030 pixels"),
        ("narrow-gutter", 1.0, "1 pixel between neighbours"),
        ("few-colours", 12.0, "12 colours"),
        ("data-as-srgb", 1.0, ""),
    ],
)
def test_a_value_is_told_with_what_it_is_of(name: str, value: float, told: str) -> None:
    assert value_in_words(BY_NAME[name], value) == told


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_no_value_is_told_as_a_bare_share(check: Check) -> None:
    told = value_in_words(check, 0.25)
    assert "share" not in told
    assert not told or any(digit in told for digit in ("25", "0.25"))


def test_each_wording_is_of_a_unit_that_is_in_use() -> None:
    assert WORDINGS.keys() <= {check.unit for check in CHECKS}
