"""What is written can be read: WCAG's contrast AA, in the light and in the dark."""

from __future__ import annotations

import re

import pytest

from tests.documents.facts import ROOT

STYLE = (ROOT / "consumer/gateway/static/page.css").read_text(encoding="utf-8")
TEXTS = ("ink", "quiet", "accent", "said", "bad")
GROUNDS = ("paper", "raised", "tint")


def colours(scheme: str) -> dict[str, str]:
    light, _, dark = STYLE.partition("prefers-color-scheme: dark")
    block = light if scheme == "light" else dark.partition("* { box-sizing")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", block))


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    whole = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    channels = [int(whole[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_every_ground(scheme: str) -> None:
    found = colours(scheme)
    pairs = [(found[text], found[ground]) for text in TEXTS for ground in GROUNDS]
    pairs.append((found["on-accent"], found["accent"]))
    assert {pair: contrast(*pair) for pair in pairs if contrast(*pair) < 4.5} == {}
    assert contrast(found["bar"], found["line"]) >= 3 or contrast(found["bar"], found["paper"]) >= 3
