"""What the process that extracts and its child that parses say to each other: JSON, one message a line.

The first line is the :class:`Setup`, every further one a :class:`Job`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from consumer.findings.check import Finding
from consumer.imaging.facts import Origin, TextureFacts
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.readers.sniff import Kind
from producer_tools.extraction.unity.options import UnityOptions

MAX_LINE_BYTES: Final = 64 * 1024
_MAX_NAME_CHARS: Final = 4096


@dataclass(frozen=True, slots=True)
class Looking:
    """Textures are looked over and not written; ``limits`` and ``off`` are those of the checks, by id."""

    limits: dict[str, float] = field(default_factory=dict)
    off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """What holds for all jobs: ``named`` are the paths that a person named, beyond which nothing is opened."""

    named: tuple[str, ...] = ()
    unity: UnityOptions = field(default_factory=UnityOptions)
    looking: Looking | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Parse one file; PNGs go to ``folder``, which is empty and the child's alone.

    Where there are ``parts``, the file is what they make up together, and ``path`` its name. ``is_careful``: native
    code crashed on it after texture number ``after``, and what comes now is read without that code.
    """

    path: str
    kind: Kind
    folder: str
    limits: ReadLimits
    alpha: str | None = None
    parts: tuple[str, ...] = ()
    is_careful: bool = False
    after: int = -1


@dataclass(frozen=True, slots=True)
class Found:
    """A texture lies as PNG number ``number`` in the job's folder, or was looked over: then there are ``findings``."""

    number: Annotated[int, Field(ge=0)]
    key: Annotated[str, Field(max_length=_MAX_NAME_CHARS)]
    name: Annotated[str, Field(max_length=_MAX_NAME_CHARS)]
    source_type: Annotated[str, Field(max_length=64)]
    container_path: Annotated[str, Field(max_length=_MAX_NAME_CHARS)] | None
    engine: Annotated[str, Field(max_length=255)] | None
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    mode: Annotated[str, Field(max_length=32)]
    facts: TextureFacts | None = None
    origin: Origin = field(default_factory=Origin)
    findings: tuple[Finding, ...] | None = None
    type: Literal["found"] = "found"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something inside the file was left out."""

    what: Annotated[str, Field(max_length=_MAX_NAME_CHARS)]
    reason: Annotated[str, Field(max_length=_MAX_NAME_CHARS)]
    type: Literal["left_out"] = "left_out"


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Members of the file that are neither textures nor archives, counted by their extension."""

    kind: Annotated[str, Field(max_length=64)]
    count: Annotated[int, Field(ge=1)]
    type: Literal["passed_over"] = "passed_over"


@dataclass(frozen=True, slots=True)
class Refused:
    """The whole file cannot be read."""

    reason: Annotated[str, Field(max_length=_MAX_NAME_CHARS)]
    type: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True)
class Done:
    """The job ended; nothing more comes of it."""

    type: Literal["done"] = "done"


Message = Found | LeftOut | PassedOver | Refused | Done

SETUPS: Final[TypeAdapter[Setup]] = TypeAdapter(Setup)
JOBS: Final[TypeAdapter[Job]] = TypeAdapter(Job)
MESSAGES: Final[TypeAdapter[Message]] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


def png_name(number: int) -> str:
    return f"{number:08d}.png"


def cut(text: str) -> str:
    """Return the text as the protocol takes it: valid UTF-8 and not too long."""
    return text[:_MAX_NAME_CHARS].encode("utf-8", errors="replace").decode("utf-8")
