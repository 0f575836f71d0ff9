"""Unity's textures and sprites against UnityPy's own: ``python -m benchmarks.formats.unity_objects BUNDLE``.

A texture that keeps its alpha in another is one picture here and two objects there: the base must have UnityPy's
colours, and in its alpha what UnityPy reads of the texture to which the material's pointer leads.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import UnityPy

from benchmarks.formats.pixels import as_rgba, distance, png
from benchmarks.support.figures import Figure, report
from consumer.imaging.picture import Pixels
from producer_tools.extraction.extract import ExtractedTexture, extract
from producer_tools.settings import ExtractSettings

MOST_LEVELS: Final = 1
_TYPES: Final = ("Texture2D", "Sprite")


class Compared(NamedTuple):
    """An object of the bundle; ``role`` is whole, base or alpha."""

    kind: str
    name: str
    role: str
    is_equal: bool


def main() -> None:
    """Compare each object and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats.unity_objects", description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    objects = list(compared(parser.parse_args().bundle))
    for item in objects:
        print(f"{'equal' if item.is_equal else 'different'}: {item.kind} {item.name} ({item.role})")
    equal = Counter(item.role for item in objects if item.is_equal)
    report(
        "unity-objects",
        [
            Figure("objects", len(objects), "objects", None, "higher"),
            Figure("equal", equal.total(), "objects", len(objects) - 1, "higher"),
            Figure("equal_with_their_own_pixels_alone", equal["whole"], "objects", None, "higher"),
            Figure("pairs_of_base_and_alpha", equal["alpha"], "pairs", None, "higher"),
        ],
    )


def compared(bundle: Path) -> Iterator[Compared]:
    """Yield what the extraction of a bundle comes to beside UnityPy's, object by object."""
    with tempfile.TemporaryDirectory() as folder:
        ours: dict[tuple[str, str], list[Pixels]] = {}
        for item in extract([bundle], Path(folder), ExtractSettings()):
            if isinstance(item, ExtractedTexture):
                ours.setdefault((item.source_type, item.name), []).append(png(Path(folder) / item.file))
    readers = [reader for reader in UnityPy.load(str(bundle)).objects if reader.type.name in {*_TYPES, "Material"}]
    alpha_of = dict(pair for reader in readers if reader.type.name == "Material" for pair in _pairs(reader))
    for reader in readers:
        if reader.type.name not in _TYPES or reader.path_id in alpha_of.values():
            continue
        kind, name, theirs = reader.type.name, reader.peek_name() or "", _pixels(reader)
        candidates = ours.get((kind, name), [])
        alpha = next((other for other in readers if other.path_id == alpha_of.get(reader.path_id)), None)
        if alpha is None:
            yield Compared(kind, name, "whole", any(_are_equal(mine, theirs) for mine in candidates))
            continue
        level = _pixels(alpha)[..., 1]
        # Both objects are in one picture: several of one name are told apart by both.
        match = next((mine for mine in candidates if _are_equal(mine, np.dstack([theirs[..., :3], level]))), None)
        yield Compared(kind, name, "base", match is not None)
        yield Compared(kind, alpha.peek_name() or "", "alpha", match is not None)


def _pairs(material: Any) -> Iterator[tuple[int, int]]:
    slots = {str(getattr(slot, "name", slot)): each for slot, each in material.read().m_SavedProperties.m_TexEnvs}
    base, alpha = (slots[slot].m_Texture.path_id if slot in slots else 0 for slot in ("_MainTex", "_AlphaTex"))
    if base and alpha:
        yield base, alpha


def _pixels(reader: Any) -> Pixels:
    return as_rgba(np.asarray(reader.read().image.convert("RGBA")))


def _are_equal(mine: Pixels, theirs: Pixels) -> bool:
    return mine.shape == theirs.shape and distance(mine, theirs) <= MOST_LEVELS


if __name__ == "__main__":
    main()
