"""A single image file, with its companion where it has one, and with all pictures that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from consumer.imaging.decode import count_layers
from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import decoded, file_bytes, with_alpha
from producer_tools.extraction.textures import Entry, Item, UnreadableImageError


@contextmanager
def open_image_file(path: Path, alpha: Path | None, limits: ReadLimits) -> Iterator[list[Item]]:
    """Yield the textures that the file holds; raises ArchiveError when the only one cannot be decoded."""
    try:
        data = file_bytes(path, limits)
        count = count_layers(data, len(data))
        image = decoded(data, limits) if count == 1 else None
        if image is not None and alpha is not None:
            image = with_alpha(image, decoded(file_bytes(alpha, limits), limits))
    except UnreadableImageError as error:
        raise ArchiveError(f"it {error}") from error
    refusal = limits.refusal_of_layers(count)
    if refusal:
        raise ArchiveError(f"it {refusal}")
    if image is not None:
        yield [Entry(key="", name=path.stem, source_type="image", load=lambda: image)]
        return
    yield [
        Entry(
            key=str(number),
            name=path.stem,
            source_type="image",
            container_path=str(number),
            load=partial(decoded, data, limits, number),
        )
        for number in range(count)
    ]
