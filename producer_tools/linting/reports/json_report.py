"""The report of `aegis lint` as one JSON object."""

from __future__ import annotations

from typing import Any

from consumer.findings.check import Severity
from producer_tools.linting.report import LintedTexture, LintReport, Reported


def json_report(report: LintReport) -> dict[str, Any]:
    return {
        "textures": len(report.textures),
        "counts": {severity.value: report.count(severity) for severity in Severity if severity is not Severity.OFF},
        "suppressed": report.suppressed,
        "known": report.known,
        "normal_maps": report.normal_maps,
        "findings": [_row(texture, found) for texture, found in report.rows()],
        "not_read": [{"file": left.place, "reason": left.reason} for left in report.not_read],
    }


def _row(texture: LintedTexture, found: Reported) -> dict[str, Any]:
    return {
        "file": texture.file,
        "member": texture.member,
        "id": found.id,
        "name": found.check.name,
        "severity": found.severity.value,
        "value": found.value,
        "unit": found.check.unit,
    }
