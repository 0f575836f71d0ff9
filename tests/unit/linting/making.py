"""Reports for the tests: textures with findings, not looked over but written down."""

from __future__ import annotations

from consumer.findings.check import Severity
from consumer.findings.registry import BY_NAME
from producer_tools.linting.report import LintedTexture, LintReport, NotRead, Reported


def reported(
    name: str, severity: Severity | None = None, *, reason: str | None = None, is_known: bool = False
) -> Reported:
    check = BY_NAME[name]
    return Reported(check.id, 0.5, severity or check.severity, reason, is_known)


def textured(file: str, *findings: Reported, member: str | None = None) -> LintedTexture:
    return LintedTexture(file, member, 64, 64, findings)


REPORT = LintReport(
    textures=(
        textured("art/a b.png", reported("alpha-unused"), reported("halo")),
        textured("art/old.zip", reported("alpha-unused", is_known=True), member="ui/é.png"),
        textured("art/ui.png", reported("halo", reason="drawn with point filtering")),
        textured("art/rock_n.png", reported("normal-directx")),
        textured("art/clean.png"),
    ),
    not_read=(NotRead("art/broken.png", "it is damaged", named=False),),
)
