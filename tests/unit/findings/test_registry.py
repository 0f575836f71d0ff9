"""The checks as data: ids and names that stay, and sentences that stand alone."""

from __future__ import annotations

import re

import pytest

from aegis.reference.findings_page import findings_page
from consumer.findings.registry import BY_ID, BY_NAME, CHECKS, check_called, check_named

# Baselines and project files of users hold these; an id is never given to another finding.
RELEASED = {
    "AEG101": "not-power-of-two",
    "AEG102": "not-multiple-of-four",
    "AEG103": "over-budget",
    "AEG111": "no-mip-chain",
    "AEG112": "short-mip-chain",
    "AEG113": "mips-on-pixel-art",
    "AEG121": "grey-as-colour",
    "AEG122": "few-colours",
    "AEG123": "eight-bits-in-sixteen",
    "AEG124": "one-colour",
    "AEG125": "repeated-content",
    "AEG201": "alpha-unused",
    "AEG202": "alpha-constant",
    "AEG203": "all-transparent",
    "AEG204": "alpha-nearly-binary",
    "AEG205": "wasted-margin",
    "AEG206": "premultiplied-alpha",
    "AEG211": "halo",
    "AEG212": "narrow-gutter",
    "AEG301": "normal-opengl",
    "AEG302": "normal-directx",
    "AEG303": "normal-undecided",
    "AEG304": "normals-not-unit",
    "AEG305": "normal-blue-empty",
    "AEG311": "normal-as-srgb",
    "AEG312": "data-as-srgb",
    "AEG313": "name-says-normal",
    "AEG314": "normal-called-colour",
    "AEG401": "tiles",
    "AEG402": "tiles-across",
    "AEG403": "tiles-down",
    "AEG404": "seam",
    "AEG411": "oversized",
    "AEG412": "repeated-pixels",
    "AEG421": "jpeg-blocks",
    "AEG422": "banding",
}


def test_ids_and_names_stay_as_they_were_released() -> None:
    assert {check.id: check.name for check in CHECKS} == RELEASED
    assert len(BY_ID) == len(BY_NAME) == len(CHECKS)


def test_a_check_is_found_by_its_id_and_by_its_name() -> None:
    assert check_called("AEG211") is check_called("halo")
    assert check_called("hallo") is None


def test_every_check_says_why_it_matters_and_what_to_do_in_sentences() -> None:
    texts = [text for check in CHECKS for text in (check.why, check.remedy)]

    assert [text for text in texts if not re.fullmatch(r"[A-Z].+\.", text)] == []


def test_every_check_that_has_a_limit_says_what_it_means() -> None:
    assert [check.id for check in CHECKS if (check.limit is None) == bool(check.limit_means)] == []


def test_every_check_has_a_section_of_the_page() -> None:
    page = findings_page()

    assert [check.id for check in CHECKS if f"### {check.id} {check.name}\n" not in page] == []


@pytest.mark.parametrize("word", ["normal-directx", "AEG302"])
def test_a_check_is_named_by_id_or_name(word: str) -> None:
    assert check_named(word) is BY_NAME["normal-directx"]


def test_an_unknown_finding_is_told_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="normal-direct is no finding: did you mean normal-directx"):
        check_named("normal-direct")
