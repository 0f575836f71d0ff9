"""Which Unity files of a build hold one of some words: pointers lead out of a file, none says who points into it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.unity.files.environment import directory
from producer_tools.extraction.unity.files.signatures import BUNDLE_MAGICS, is_serialized
from producer_tools.extraction.unity.files.sources import Source

_CHUNK_BYTES: Final = 1024 * 1024
# What is unpacked for it altogether: a few seconds, within the silence that the parent allows.
_MOST_BYTES: Final = 1024 * 1024 * 1024


@dataclass(slots=True)
class Found:
    """Files by the words that they hold; ``left`` counts those that were not searched."""

    by_word: dict[bytes, list[Source]] = field(default_factory=dict)
    left: int = 0


def files_with(sources: Sequence[Source], words: Collection[bytes], limits: ReadLimits) -> Found:
    """Search the bundles and assets files among the sources; what cannot be read holds nothing."""
    found = Found({word: [] for word in words})
    budget = _MOST_BYTES
    for source in sources:
        if not is_of_unity(source):
            continue
        if budget <= 0:
            found.left += 1
            continue
        missing = set(words)
        try:
            with source.open() as stream:
                for part, size_bytes in _parts(source, stream, limits):
                    budget -= size_bytes
                    missing -= _words_in(part, missing)
        except Exception:  # noqa: BLE001, S112 - whatever is wrong with it is told when it is extracted itself
            continue
        finally:
            for word in set(words) - missing:
                found.by_word[word].append(source)
    return found


def is_of_unity(source: Source) -> bool:
    """Tell whether a source is a bundle or an assets file; False for one that cannot be opened."""
    try:
        head = source.head()
    except Exception:  # noqa: BLE001 - as above
        return False
    return head.startswith(BUNDLE_MAGICS) or is_serialized(head, source.size_bytes)


def _parts(source: Source, stream: Any, limits: ReadLimits) -> Iterator[tuple[Any, int]]:
    """Yield the assets files inside as streams, with their sizes."""
    if source.head().startswith(BUNDLE_MAGICS):
        yield from directory(stream, source, limits).assets
    else:
        yield stream, source.size_bytes


def _words_in(stream: Any, words: Collection[bytes]) -> set[bytes]:
    overlap = max(map(len, words), default=1) - 1
    held: set[bytes] = set()
    tail = b""
    while piece := stream.read(_CHUNK_BYTES):
        window = tail + piece
        held |= {word for word in words if word in window}
        if len(held) == len(words):
            break
        tail = window[-overlap:] if overlap else b""
    return held
