"""What readers yield: textures that are decoded when asked for, and what was left out, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


@dataclass(frozen=True, slots=True)
class Other:
    """A file of an archive that is neither texture nor archive, e.g. a sound."""

    what: str


@dataclass(frozen=True, slots=True)
class Series:
    """What files inside an archive hold, found when its turn comes; each is loaded before the next is asked for."""

    items: Callable[[], Iterator[Item]]


Item = Entry | Left | Other | Series


class UnreadableImageError(Exception):
    """The image cannot be decoded; the message says why, to go after its name."""


class EmptyTextureError(UnreadableImageError):
    """The texture is of 0 by 0 pixels, as those of fonts are that are drawn when a game runs: no fault of anyone."""
