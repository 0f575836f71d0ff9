"""What the process that extracts and its child that parses say to each other: JSON, one message a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from producer_tools.limits import ReadLimits
from producer_tools.readers.sniff import Kind

MAX_LINE_BYTES: Final = 64 * 1024
_MAX_NAME_CHARS: Final = 4096


@dataclass(frozen=True, slots=True)
class Job:
    """Parse one file; PNGs go to ``folder``, which is empty and the child's alone."""

    path: str
    kind: Kind
    folder: str
    limits: ReadLimits
    alpha: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A texture lies as PNG number ``number`` in the job's folder."""

    number: Annotated[int, Field(ge=0)]
    key: Annotated[str, Field(max_length=_MAX_NAME_CHARS)]
    name: Annotated[str, Field(max_length=_MAX_NAME_CHARS)]
    source_type: Annotated[str, Field(max_length=64)]
    container_path: Annotated[str, Field(max_length=_MAX_NAME_CHARS)] | None
    engine: Annotated[str, Field(max_length=255)] | None
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    mode: Annotated[str, Field(max_length=32)]
    type: Literal["found"] = "found"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something inside the file was left out."""

    what: Annotated[str, Field(max_length=_MAX_NAME_CHARS)]
    reason: Annotated[str, Field(max_length=_MAX_NAME_CHARS)]
    type: Literal["left_out"] = "left_out"


@dataclass(frozen=True, slots=True)
class Refused:
    """The whole file cannot be read."""

    reason: Annotated[str, Field(max_length=_MAX_NAME_CHARS)]
    type: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True)
class Done:
    """The job ended; nothing more comes of it."""

    type: Literal["done"] = "done"


Message = Found | LeftOut | Refused | Done

JOBS: Final[TypeAdapter[Job]] = TypeAdapter(Job)
MESSAGES: Final[TypeAdapter[Message]] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


def png_name(number: int) -> str:
    return f"{number:08d}.png"


def cut(text: str) -> str:
    """Return the text as the protocol takes it: valid UTF-8 and not too long."""
    return text[:_MAX_NAME_CHARS].encode("utf-8", errors="replace").decode("utf-8")
