"""The project file of `aegis lint`: severities, limits and suppressions, in YAML."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from consumer.findings.check import Finding
from consumer.findings.project import Project, parse_project
from consumer.findings.registry import BY_ID, CHECKS, GROUPS
from producer_tools.errors import InputError
from producer_tools.extraction.messages import Looking
from producer_tools.linting.report import Reported

FILE_NAME: Final = "aegis-lint.yaml"


class LintProject(Project):
    """A project file as `aegis lint` uses it."""

    @property
    def looking(self) -> Looking:
        """What the process that looks textures over has to know."""
        return Looking(limits=dict(self.limits), off=tuple(check.id for check in CHECKS if check.id in self.off))

    def judged(self, place: str, found: Iterable[Finding], known: frozenset[str]) -> tuple[Reported, ...]:
        """Return findings of the texture at this place as this project sees them; ``known`` are the baseline's ids."""
        return tuple(
            Reported(
                id=finding.id,
                value=finding.value,
                severity=self.severity(BY_ID[finding.id]),
                reason=self.reason(place, finding.id),
                is_known=finding.id in known,
            )
            for finding in found
        )


def read_project(path: Path) -> LintProject:
    """Read a project file; raises InputError with a sentence."""
    try:
        return parse_project(path.read_text(encoding="utf-8"), LintProject)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise InputError(f"{path} {error}.") from error


def template() -> str:
    """Return a project file that changes nothing, with every finding in it."""
    lines = [
        "# What this project thinks of its textures: `aegis lint` reads this file in the folder where it runs.",
        "# docs/findings.md says what each finding means. Severities: error, warning, note, info, off.",
        "severities:",
    ]
    for title, checks in GROUPS.items():
        lines += [f"  # {title}", *(f"  {check.name}: {check.severity.value}" for check in checks)]
    lines += ["", "limits:"]
    for check in CHECKS:
        if check.limit is not None:
            lines += [f"  # {check.limit_means}", f"  {check.name}: {check.limit:g}"]
    lines += [
        "",
        "# What is meant so. A * matches any part of a path; each suppression needs a reason.",
        "suppressions: []",
        "#  - paths: ['*/ui/*']",
        "#    findings: [halo]",
        "#    reason: drawn with point filtering",
        "",
    ]
    return "\n".join(lines)
