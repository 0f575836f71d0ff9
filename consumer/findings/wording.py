"""A finding's value as a person reads it: `98 % of the edges`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consumer.findings.check import Check

_SHARE: Final = "share of "
# By unit; others follow their number. A check whose value says nothing beyond its name has an empty text.
WORDINGS: Final[Mapping[str, str]] = {
    "1 where it is so": "",
    "alpha of every pixel": "alpha {} in every pixel",
    "channels in the file": "{} channels in the file",
    "correlation of the mixed derivatives": "correlation of the mixed derivatives {}",
    "deviations by which borders of blocks stand out": "borders of blocks stand out by {} deviations",
    "mean distance of the lengths from 1": "lengths {} off 1 on average",
    "pixels a side that stand for one": "{0} × {0} pixels stand for one",  # noqa: RUF001 - multiplication
    "pixels of the longest side": "longest side {} pixels",
    "pixels of the side": "a side of {} pixels",
    "power of the finest detail over that of the next coarser": "finest detail {} times as strong as the next coarser",
    "sizes that a whole chain has": "a whole chain has {} sizes",
    "sizes that are missing": "sizes that are missing: {}",
    "step across the border, over those between lines inside": "step across the border {} times those inside",
    "value of blue": "blue {} in every pixel",
}


def value_in_words(check: Check, value: float) -> str:
    """Return the value with what it is of; empty where it says no more than the finding's name."""
    if check.unit.startswith(_SHARE):
        return f"{_percent(value)} of {check.unit.removeprefix(_SHARE)}"
    told = WORDINGS.get(check.unit, f"{{}} {check.unit}").format(f"{value:g}")
    return told.replace(" pixels", " pixel") if value == 1 else told


def _percent(share: float) -> str:
    percent = share * 100
    # Near an end the tenths tell.
    return f"{percent:.1f} %".replace(".0 %", " %") if percent < 10 or percent > 90 else f"{percent:.0f} %"
