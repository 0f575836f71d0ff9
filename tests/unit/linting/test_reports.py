"""What other programs read: SARIF by its schema, JUnit, JSON and the baseline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import jsonschema
import pytest

from consumer.findings.check import Severity
from producer_tools.errors import InputError
from producer_tools.linting.baseline import baseline_text, read_baseline
from producer_tools.linting.report import LintReport, NotRead
from producer_tools.linting.reports.json_report import json_report
from producer_tools.linting.reports.junit import junit_report
from producer_tools.linting.reports.sarif import sarif_report
from tests.unit.linting.making import REPORT, reported, textured

SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))


def results(report: LintReport) -> list[dict[str, Any]]:
    document = sarif_report(report)
    jsonschema.validate(document, SCHEMA)
    found: list[dict[str, Any]] = document["runs"][0]["results"]
    return found


def test_sarif_is_valid_with_and_without_findings() -> None:
    assert len(results(REPORT)) == 5
    assert results(LintReport(())) == []


def test_sarif_names_the_file_and_the_member_of_an_archive() -> None:
    first, known = results(REPORT)[0], results(REPORT)[2]

    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "art/a%20b.png"
    assert known["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "art/old.zip/ui/é.png"


def test_sarif_tells_what_is_known_suppressed_and_no_fault() -> None:
    found = {(item["ruleId"], item["baselineState"], "suppressions" in item, item["kind"]) for item in results(REPORT)}

    assert found == {
        ("AEG201", "new", False, "fail"),
        ("AEG201", "unchanged", False, "fail"),
        ("AEG211", "new", False, "fail"),
        ("AEG211", "new", True, "fail"),
        ("AEG302", "new", False, "informational"),
    }


def test_a_fingerprint_stays_while_the_texture_and_the_finding_do() -> None:
    once, again = results(REPORT), results(REPORT)

    assert [item["partialFingerprints"] for item in once] == [item["partialFingerprints"] for item in again]
    assert len({json.dumps(item["partialFingerprints"]) for item in once}) == len(once)


def test_a_run_that_could_not_read_a_named_file_was_not_successful() -> None:
    failed = LintReport((), (NotRead("a.png", "it is damaged", named=True),))

    assert sarif_report(failed)["runs"][0]["invocations"][0]["executionSuccessful"] is False
    assert sarif_report(REPORT)["runs"][0]["invocations"][0]["executionSuccessful"] is True


def suite(report: LintReport, least: Severity) -> Element:
    found = fromstring(junit_report(report, least).encode()).find("testsuite")  # noqa: S314 - it is our own
    assert found is not None
    return found


def test_junit_has_a_case_for_each_texture_and_fails_those_with_bad_findings() -> None:
    by_warning, by_note = suite(REPORT, Severity.WARNING), suite(REPORT, Severity.NOTE)

    assert [by_warning.get(name) for name in ("tests", "failures", "errors")] == ["6", "1", "1"]
    assert [case.get("name") for case in by_warning if case.find("failure") is not None] == ["art/a b.png"]
    assert [failure.get("message") for failure in by_note.iter("failure")] == ["alpha-unused, halo"]


def test_junit_is_xml_whatever_names_hold() -> None:
    odd = LintReport((textured("a\x00\x1b<&.png", reported("halo")),))

    assert suite(odd, Severity.NOTE)[0].get("name") == "a\ufffd\ufffd<&.png"


def test_json_counts_what_counts() -> None:
    document = json_report(REPORT)

    assert document["counts"] == {"error": 0, "warning": 1, "note": 1, "info": 1}
    assert (document["suppressed"], document["known"]) == (1, 1)
    assert document["normal_maps"] == {"opengl": 0, "directx": 1, "undecided": 0}
    assert [row["name"] for row in document["findings"]] == ["alpha-unused", "halo", "normal-directx"]


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Sprites of one sheet may share their place; all of their findings are kept."""
    report = LintReport((*REPORT.textures, textured("art/a b.png", reported("few-colours"))))
    file = tmp_path / "baseline.json"
    file.write_text(baseline_text(report), encoding="utf-8")

    assert read_baseline(file) == {
        "art/a b.png": {"AEG201", "AEG211", "AEG122"},
        "art/old.zip/ui/é.png": {"AEG201"},
        "art/rock_n.png": {"AEG302"},
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 9, "textures": {}}', '{"version": 1, "textures": []}'])
def test_what_is_no_baseline_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=r"baseline\.json"):
        read_baseline(file)
