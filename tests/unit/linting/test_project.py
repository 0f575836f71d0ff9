"""The project file: what it changes, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.findings.check import Finding, Severity
from consumer.findings.registry import BY_NAME, CHECKS
from producer_tools.errors import InputError
from producer_tools.linting.project import LintProject, read_project, template

HALO = BY_NAME["halo"]


def project(tmp_path: Path, text: str) -> LintProject:
    file = tmp_path / "aegis-lint.yaml"
    file.write_text(text, encoding="utf-8")
    return read_project(file)


def test_the_template_changes_nothing(tmp_path: Path) -> None:
    written = project(tmp_path, template())

    assert {check.id: written.severity(check) for check in CHECKS} == {check.id: check.severity for check in CHECKS}
    assert written.limits == {check.id: check.limit for check in CHECKS if check.limit is not None}
    assert written.suppressions == ()


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert project(tmp_path, "") == LintProject()


def test_severities_and_limits_are_named_by_name_or_id(tmp_path: Path) -> None:
    """`off` without quotes is false to YAML, and still means off."""
    read = project(tmp_path, "severities: {halo: error, AEG122: off}\nlimits: {over-budget: 2048}\n")

    assert read.severity(HALO) is Severity.ERROR
    assert read.looking.off == ("AEG122",)
    assert read.looking.limits == {"AEG103": 2048}


def test_a_suppression_needs_path_finding_and_reason_and_covers_no_more(tmp_path: Path) -> None:
    read = project(tmp_path, "suppressions: [{paths: ['*/ui/*'], findings: [halo], reason: meant so}]")
    findings = (Finding(HALO.id, 0.9), Finding("AEG201", 255))

    reasons = [found.reason for found in read.judged("art/ui/deep/a.png", findings, frozenset())]
    assert reasons == ["meant so", None]
    assert [found.reason for found in read.judged("art/a.png", findings, frozenset())] == [None, None]


def test_what_the_baseline_has_is_known() -> None:
    judged = LintProject().judged("a.png", (Finding(HALO.id, 0.9), Finding("AEG201", 255)), frozenset({HALO.id}))

    assert [found.is_known for found in judged] == [True, False]
    assert [found.counts for found in judged] == [False, True]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("severities: {hallo: error}", "hallo is no finding"),
        ("severities: {halo: bad}", "severities"),
        ("limits: {alpha-unused: 3}", "alpha-unused has no limit"),
        ("suppressions: [{paths: ['*'], findings: [halo]}]", "reason"),
        ("suppression: []", "suppression"),
        ("a: [", "no valid YAML"),
        ("- a", "aegis-lint.yaml"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        project(tmp_path, text)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_project(tmp_path / "nowhere.yaml")
