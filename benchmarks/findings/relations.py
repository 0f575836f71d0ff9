"""How well it is told what one texture is of another: variants made of real textures, and pairs that are none."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.support.figures import Figure
from benchmarks.support.images import textures
from consumer.findings.relation import Relation, Signature, relation, signature

_MOST_TEXTURES: Final = 400
_SMALLEST_SIDE: Final = 24
# Less contrast tells nothing of any picture.
_PLAIN: Final = 6.0


def relation_figures(folders: Sequence[Path]) -> list[Figure]:
    """Return how many of the variants are found and told right, and how many of what is found is wrong."""
    originals = list(_originals(folders))
    signatures = [_of(image) for image in originals]
    found = right = made = 0
    for image, known in zip(originals, signatures, strict=True):
        for expected, variant in _VARIANTS:
            changed = variant(image)
            if changed.size == image.size and changed.tobytes() == image.tobytes():
                continue
            told = relation(known, _of(changed))
            made, found, right = made + 1, found + (told is not None), right + (told is expected)
    wrong = sum(relation(one, other) is not None for one, other in combinations(signatures, 2))
    return [
        Figure("duplicates.variants", made, "pairs", None, "higher"),
        Figure("duplicates.recall", found / made, "share", 0.98, "higher"),
        Figure("duplicates.precision", found / (found + wrong), "share", 0.98, "higher"),
        Figure("duplicates.relation_right", right / found, "share", 0.95, "higher"),
    ]


def _originals(folders: Sequence[Path]) -> Iterator[Image.Image]:
    seen: set[bytes] = set()
    for path in (path for folder in folders for path in textures(folder)):
        with Image.open(path) as opened:
            image = opened.convert("RGBA")
        content = hashlib.sha256(image.tobytes()).digest()
        if content not in seen and min(image.size) >= _SMALLEST_SIDE and _of(image).contrast >= _PLAIN:
            seen.add(content)
            yield image
        if len(seen) >= _MOST_TEXTURES:
            return


def _of(image: Image.Image) -> Signature:
    pixels = np.asarray(image)
    return signature(pixels, hashlib.sha256(pixels.tobytes()).digest())


def _resized(factor: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.resize(
        (max(1, round(image.width * factor)), max(1, round(image.height * factor))), Image.Resampling.BICUBIC
    )


def _jpeg(quality: int) -> Callable[[Image.Image], Image.Image]:
    def compressed(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.convert("RGB").save(file, "JPEG", quality=quality)
        made = Image.open(file).convert("RGBA")
        made.putalpha(image.getchannel("A"))
        return made

    return compressed


def _turned(how: Image.Transpose) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.transpose(how)


def _hue(image: Image.Image) -> Image.Image:
    hue, *others = image.convert("RGB").convert("HSV").split()
    turned = Image.merge("HSV", (hue.point([(level + 70) % 256 for level in range(256)]), *others))
    made = turned.convert("RGB").convert("RGBA")
    made.putalpha(image.getchannel("A"))
    return made


def _opaque(image: Image.Image) -> Image.Image:
    return image.convert("RGB").convert("RGBA")


_VARIANTS: Final[tuple[tuple[Relation, Callable[[Image.Image], Image.Image]], ...]] = (
    (Relation.RESIZED, _resized(0.5)),
    (Relation.RESIZED, _resized(2)),
    (Relation.RECOMPRESSED, _jpeg(60)),
    (Relation.RECOMPRESSED, _jpeg(90)),
    (Relation.FLIPPED, _turned(Image.Transpose.FLIP_LEFT_RIGHT)),
    (Relation.FLIPPED, _turned(Image.Transpose.FLIP_TOP_BOTTOM)),
    (Relation.ROTATED, _turned(Image.Transpose.ROTATE_90)),
    (Relation.RECOLOURED, _hue),
    (Relation.ALPHA_DIFFERS, _opaque),
)
