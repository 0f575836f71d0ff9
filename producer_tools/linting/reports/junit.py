"""The report of `aegis lint` as JUnit's XML, which every CI system shows: a test case for each texture."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from consumer.findings.check import Severity
from producer_tools.linting.report import LintedTexture, LintReport
from producer_tools.linting.reports.sarif import message


def junit_report(report: LintReport, least: Severity) -> str:
    """Return the document; a texture fails by a finding of this severity or worse, an unread file is an error."""
    suite = Element("testsuite", name="aegis lint")
    failures = sum(_case(suite, texture, least) for texture in report.textures)
    for left in report.not_read:
        case = SubElement(suite, "testcase", classname="not read", name=_plain(left.place))
        SubElement(case, "error", message=_plain(left.reason))
    suite.set("tests", str(len(report.textures) + len(report.not_read)))
    suite.set("failures", str(failures))
    suite.set("errors", str(len(report.not_read)))
    suite.set("skipped", "0")
    root = Element("testsuites")
    root.append(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, texture: LintedTexture, least: Severity) -> bool:
    case = SubElement(suite, "testcase", classname=_plain(texture.file), name=_plain(texture.member or texture.file))
    counting = [found for found in texture.findings if found.counts]
    failing = [found for found in counting if found.severity.rank >= least.rank]
    if failing:
        names = ", ".join(found.check.name for found in failing)
        worst = max(failing, key=lambda found: found.severity.rank)
        failure = SubElement(case, "failure", message=names, type=worst.severity.value)
        failure.text = _plain("\n".join(message(texture, found) for found in failing))
    others = [found for found in counting if found not in failing]
    if others:
        output = SubElement(case, "system-out")
        output.text = _plain("\n".join(message(texture, found) for found in others))
    return bool(failing)


def _plain(text: str) -> str:
    """Return text as XML takes it: names in archives may hold anything."""
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)
