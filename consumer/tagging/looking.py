"""Images looked over on their way to the model: what is said of each beside its pixels, and how a project judges it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import structlog

from consumer.findings.check import Finding
from consumer.findings.names import TOLD, words
from consumer.findings.project import Project
from consumer.findings.registry import BY_ID, look_over
from consumer.findings.texture import Texture
from consumer.imaging.facts import Origin, TextureFacts
from consumer.imaging.picture import Picture
from consumer.imaging.signatures import SIGNATURE_BYTES, image_format
from schemas import AssetExtracted
from schemas import Finding as PublishedFinding

_log = structlog.get_logger(__name__)
# Its PNGs are made from the game's own files.
_CONVERTS: Final = "aegis-tagger"
_WITHOUT_SIGNATURE: Final = "TGA"


@dataclass(frozen=True, slots=True)
class Stated:
    """What an event says of an image beside its bytes; equal ones give equal pixels the same findings.

    ``origin`` is the game's own file; None: that is what the object store holds.
    """

    facts: TextureFacts = field(default_factory=TextureFacts)
    told: frozenset[str] = frozenset()
    origin: Origin | None = None
    path: str = field(default="", compare=False)


def stated_by(event: AssetExtracted) -> Stated:
    """Return what the event says of its image."""
    source = event.source
    if source is None:
        return stated_by_name(event.asset_id)
    facts = TextureFacts(source.format, source.usage, source.color_space, source.mip_count, source.wrap)
    tool = (event.extraction.tool if event.extraction else None) or ""
    converted = source.format or source.file_format or tool.partition("/")[0] == _CONVERTS
    origin = Origin(source.file_mode, source.file_format) if converted else None
    return _named(Stated(facts, origin=origin, path=source.container_path or source.name or event.asset_id))


def stated_by_name(asset_id: str) -> Stated:
    """Return what there is to say of an image that came with no more than its asset's id."""
    return _named(Stated(path=asset_id))


def _named(stated: Stated) -> Stated:
    return Stated(stated.facts, words(stated.path) & TOLD, stated.origin, stated.path)


@dataclass(frozen=True, slots=True)
class LookedOver:
    """What was found of an image of which this was stated."""

    stated: Stated
    findings: tuple[Finding, ...]


class Looker:
    """Looks images over with the checks that a project wants, and says how it judges what is found."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._off = project.off

    def look(self, picture: Picture, data: bytes, stated: Stated) -> LookedOver | None:
        """Return what is found; None where a check fails, which must not keep an image from its tags."""
        origin = stated.origin or Origin(picture.mode, image_format(data[:SIGNATURE_BYTES]) or _WITHOUT_SIGNATURE)
        facts = stated.facts if stated.facts != TextureFacts() else picture.facts or stated.facts
        texture = Texture(
            picture.pixels, origin.mode, origin.file_format, facts, path=stated.path, full_size=picture.full_size
        )
        try:
            return LookedOver(stated, look_over(texture, self._project.limits, self._off))
        except Exception:  # noqa: BLE001 - whatever a check trips over, the tags do not depend on it
            _log.exception("findings.failed", texture=stated.path)
            return None

    def judged(self, asset_id: str, looked: LookedOver) -> tuple[PublishedFinding, ...]:
        """Return what is published of an asset's findings: those that the project does not suppress for it."""
        found = []
        for finding in looked.findings:
            if self._project.reason(asset_id, finding.id) is None:
                check = BY_ID[finding.id]
                severity = self._project.severity(check).value
                found.append(
                    PublishedFinding.model_validate(
                        {"id": check.id, "name": check.name, "severity": severity, "value": finding.value}
                    )
                )
        return tuple(found)
