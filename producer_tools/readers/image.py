"""A single image file, with its companion where it has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from producer_tools.errors import ArchiveError
from producer_tools.limits import ReadLimits
from producer_tools.pixels import open_image, with_alpha
from producer_tools.textures import Entry, Left, UnreadableImageError


@contextmanager
def open_image_file(path: Path, alpha: Path | None, limits: ReadLimits) -> Iterator[list[Entry | Left]]:
    """Yield the one texture that the file holds; raises ArchiveError when it cannot be decoded."""
    try:
        with path.open("rb") as file:
            image = open_image(file, limits)
        if alpha is not None:
            with alpha.open("rb") as file:
                image = with_alpha(image, open_image(file, limits))
    except UnreadableImageError as error:
        raise ArchiveError(f"it {error}") from error
    yield [Entry(key="", name=path.stem, source_type="image", load=lambda: image)]
