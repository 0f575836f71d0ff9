"""What readers yield: textures that are decoded when asked for, and what was left out, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True, slots=True)
class Entry:
    """One texture of an archive.

    ``key`` names it inside its archive, the same in every extraction; ``load`` decodes it and may raise anything.
    """

    key: str
    name: str
    source_type: str
    load: Callable[[], Image.Image]
    container_path: str | None = None
    engine: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """Something of an archive that is left out."""

    what: str
    reason: str


class UnreadableImageError(Exception):
    """The image cannot be decoded; the message says why, to go after its name."""
