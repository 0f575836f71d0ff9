"""How well it is told what one texture is of another: variants made of real textures, and pairs that are none."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.findings.sources import files
from benchmarks.findings.variants import changes
from benchmarks.support.figures import Figure
from consumer.findings.relation import Relation, part_relation, relation, seen_within
from consumer.findings.signature import Signature, signature
from consumer.findings.texture import Bytes

_MOST_TEXTURES: Final = 800
_SMALLEST_SIDE: Final = 24
# Less contrast tells nothing of any picture.
_PLAIN: Final = 6.0
_LONGEST_SIDE: Final = 2048


def relation_figures(folders: Sequence[Path]) -> list[Figure]:
    """Return how many of the variants are found and told right, and how many of what is found is wrong."""
    known = [np.asarray(image) for image in originals(folders)]
    signatures = [signed(pixels) for pixels in known]
    made, found, right = Counter[str](), Counter[str](), Counter[str]()
    for pixels, of in zip(known, signatures, strict=True):
        for change in changes():
            changed = change.make(Image.fromarray(pixels))
            if changed is None or (changed.size == of.size and changed.tobytes() == pixels.tobytes()):
                continue
            variant = np.asarray(changed)
            told = _told(pixels, of, variant, signed(variant))
            made[change.name] += 1
            found[change.name] += told is not None
            right[change.name] += told is change.expected
    pairs = combinations(zip(known, signatures, strict=True), 2)
    wrong = sum(_told(*one, *other) is not None for one, other in pairs)
    return [
        Figure("duplicates.textures", len(known), "textures", None, "higher"),
        Figure("duplicates.variants", made.total(), "pairs", None, "higher"),
        Figure("duplicates.recall", found.total() / made.total(), "share", 0.98, "higher"),
        Figure("duplicates.precision", found.total() / (found.total() + wrong), "share", 0.98, "higher"),
        Figure("duplicates.relation_right", right.total() / found.total(), "share", 0.95, "higher"),
        *(
            figure
            for name in made
            for figure in (
                Figure(f"duplicates.{name}.recall", found[name] / made[name], "share", None, "higher"),
                Figure(f"duplicates.{name}.right", right[name] / max(1, found[name]), "share", None, "higher"),
            )
        ),
    ]


def _told(one: Bytes, first: Signature, other: Bytes, second: Signature) -> Relation | None:
    """Return what `aegis duplicates` would say of two textures whose embeddings are alike."""
    if first.size[0] * first.size[1] > second.size[0] * second.size[1]:
        one, first, other, second = other, second, one, first
    sighting = seen_within(first, second)
    part = part_relation(one, other, sighting) if sighting is not None else None
    return part or relation(first, second)


def originals(folders: Sequence[Path]) -> Iterator[Image.Image]:
    """Yield real textures that differ and are no plain colour, RGBA."""
    seen: set[bytes] = set()
    for path in (path for folder in folders for path in files(folder)):
        with Image.open(path) as opened:
            image = opened.convert("RGBA")
        content = hashlib.sha256(image.tobytes()).digest()
        is_fit = min(image.size) >= _SMALLEST_SIDE and max(image.size) <= _LONGEST_SIDE
        if content not in seen and is_fit and signed(np.asarray(image)).contrast >= _PLAIN:
            seen.add(content)
            yield image
        if len(seen) >= _MOST_TEXTURES:
            return


def signed(pixels: Bytes) -> Signature:
    """Return the signature of RGBA pixels, as `aegis duplicates` makes it."""
    return signature(pixels, hashlib.sha256(pixels.tobytes()).digest())
