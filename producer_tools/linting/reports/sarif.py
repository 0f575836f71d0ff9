"""The report of `aegis lint` in SARIF 2.1.0, as GitHub code scanning and editors read it."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote

from consumer.findings.check import Check, Severity
from consumer.findings.registry import CHECKS
from consumer.findings.wording import value_in_words
from producer_tools.linting.report import LintedTexture, LintReport, Reported

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {Severity.INFO: "none", Severity.OFF: "none"}
_AT: Final = {check.id: at for at, check in enumerate(CHECKS)}


def sarif_report(report: LintReport) -> dict[str, Any]:
    results = [_result(texture, found) for texture in report.textures for found in texture.findings]
    failures = [
        {"level": "error" if left.named else "warning", "message": {"text": f"{left.place}: {left.reason}"}}
        for left in report.not_read
    ]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "aegis lint",
                        "version": version("aegis-tagger"),
                        "rules": [_rule(check) for check in CHECKS],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": not any(left.named for left in report.not_read),
                        "toolExecutionNotifications": failures,
                    }
                ],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def level(severity: Severity) -> str:
    """Return SARIF's word; its lowest level is called none."""
    return _LEVELS.get(severity, severity.value)


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "name": check.name,
        "shortDescription": {"text": check.why},
        "help": {"text": check.remedy},
        "defaultConfiguration": {"level": level(check.severity)},
    }


def _result(texture: LintedTexture, found: Reported) -> dict[str, Any]:
    # GitHub shows only what names a line; a texture has no lines, so that it is always the first.
    physical = {"artifactLocation": {"uri": quote(texture.file)}, "region": {"startLine": 1}}
    location: dict[str, Any] = {"physicalLocation": physical}
    if texture.member:
        location["logicalLocations"] = [{"fullyQualifiedName": texture.place, "kind": "member"}]
    result: dict[str, Any] = {
        "ruleId": found.id,
        "ruleIndex": _AT[found.id],
        "level": level(found.severity),
        "kind": "informational" if found.severity is Severity.INFO else "fail",
        "message": {"text": message(texture, found)},
        "locations": [location],
        "partialFingerprints": {"textureAndFinding/v1": _fingerprint(texture, found)},
        "baselineState": "unchanged" if found.is_known else "new",
        "properties": {"value": found.value, "unit": found.check.unit},
    }
    if found.reason is not None:
        result["suppressions"] = [{"kind": "external", "justification": found.reason}]
    return result


def message(texture: LintedTexture, found: Reported) -> str:
    """Return a finding as two sentences: what is wrong, and what to do."""
    check = found.check
    value = value_in_words(check, found.value)
    return f"{texture.place}: {check.name}{f' ({value})' if value else ''}. {check.why} {check.remedy}"


def _fingerprint(texture: LintedTexture, found: Reported) -> str:
    return hashlib.sha256(f"{texture.place}\0{found.id}".encode()).hexdigest()[:32]
