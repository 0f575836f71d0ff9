"""The project file of `aegis lint`: severities, limits and suppressions, in YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from consumer.findings.check import Check, Finding, Severity
from consumer.findings.registry import BY_ID, CHECKS, GROUPS, check_called
from producer_tools.errors import InputError
from producer_tools.extraction.messages import Looking
from producer_tools.linting.report import Reported

FILE_NAME: Final = "aegis-lint.yaml"


def _known(word: str) -> str:
    check = check_called(word)
    if check is None:
        raise ValueError(f"{word} is no finding: `aegis lint --init` lists all of them")
    return check.id


def _word(value: object) -> object:
    """Return YAML's bare ``off`` as the word that was meant: YAML reads it as false."""
    return Severity.OFF if value is False else value


CheckId = Annotated[str, AfterValidator(_known)]
Judgement = Annotated[Severity, BeforeValidator(_word)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Suppression(_Strict):
    """Findings that are meant so; a pattern's ``*`` matches any part of a path, ``/`` too."""

    paths: tuple[str, ...] = Field(min_length=1)
    findings: tuple[CheckId, ...] = Field(min_length=1)
    reason: str = Field(min_length=3)

    def covers(self, place: str, check_id: str) -> bool:
        return check_id in self.findings and any(fnmatchcase(place, pattern) for pattern in self.paths)


class LintProject(_Strict):
    """What a project thinks of the findings; what it does not mention is as the checks have it."""

    severities: Mapping[CheckId, Judgement] = Field(default_factory=dict)
    limits: Mapping[CheckId, float] = Field(default_factory=dict)
    suppressions: tuple[Suppression, ...] = ()

    def severity(self, check: Check) -> Severity:
        return self.severities.get(check.id, check.severity)

    @property
    def looking(self) -> Looking:
        """What the process that looks textures over has to know."""
        off = tuple(check.id for check in CHECKS if self.severity(check) is Severity.OFF)
        return Looking(limits=dict(self.limits), off=off)

    def judged(self, place: str, found: Iterable[Finding], known: frozenset[str]) -> tuple[Reported, ...]:
        """Return findings of the texture at this place as this project sees them; ``known`` are the baseline's ids."""
        return tuple(
            Reported(
                id=finding.id,
                value=finding.value,
                severity=self.severity(BY_ID[finding.id]),
                reason=next((rule.reason for rule in self.suppressions if rule.covers(place, finding.id)), None),
                is_known=finding.id in known,
            )
            for finding in found
        )


def read_project(path: Path) -> LintProject:
    """Read a project file; raises InputError with a sentence."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no valid YAML: {' '.join(str(error).split())}.") from error
    try:
        project = LintProject.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: {where or 'the file'}: {first['msg']}.") from error
    for check_id in project.limits:
        if BY_ID[check_id].limit is None:
            raise InputError(f"{path}: limits: {BY_ID[check_id].name} has no limit.")
    return project


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
