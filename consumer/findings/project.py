"""What a project thinks of the findings: severities, limits and suppressions."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from consumer.findings.check import Check, Severity
from consumer.findings.registry import BY_ID, CHECKS, check_called


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


class Project(_Strict):
    """What a project thinks of the findings; what it does not mention is as the checks have it."""

    severities: Mapping[CheckId, Judgement] = Field(default_factory=dict)
    limits: Mapping[CheckId, float] = Field(default_factory=dict)
    suppressions: tuple[Suppression, ...] = ()

    def severity(self, check: Check) -> Severity:
        return self.severities.get(check.id, check.severity)

    @property
    def off(self) -> frozenset[str]:
        """The ids of the checks that are not looked for."""
        return frozenset(check.id for check in CHECKS if self.severity(check) is Severity.OFF)

    def reason(self, place: str, check_id: str) -> str | None:
        """Return why a finding of the texture at this place is suppressed, None where it is not."""
        return next((rule.reason for rule in self.suppressions if rule.covers(place, check_id)), None)


ProjectT = TypeVar("ProjectT", bound=Project)


def parse_project(text: str, kind: type[ProjectT]) -> ProjectT:
    """Read a project file's text; raises ValueError with the end of a sentence that began with the file's name."""
    try:
        document = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"is no valid YAML: {' '.join(str(error).split())}") from error
    try:
        project = kind.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"is no project file: {where or 'the file'}: {first['msg']}") from error
    for check_id in project.limits:
        if BY_ID[check_id].limit is None:
            raise ValueError(f"is no project file: limits: {BY_ID[check_id].name} has no limit")
    return project
