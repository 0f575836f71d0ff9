"""What a texture's file name says that it is."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# `_n` is not among them: button_n and sky_n are no normal maps.
NORMAL_WORDS: Final = frozenset({"normal", "normals", "nrm", "norm", "normalmap", "nmap", "nrml", "ddn"})
COLOUR_WORDS: Final = frozenset({"albedo", "diffuse", "basecolor", "basecolour", "diff", "colormap"})
DATA_WORDS: Final = frozenset(
    {"roughness", "rough", "metallic", "metalness", "occlusion", "ambientocclusion", "displacement", "heightmap"}
    | {"orm", "rma", "smoothness", "glossiness", "masks", "splatmap"}
)
TILING_WORDS: Final = frozenset({"tile", "tiled", "tiles", "tiling", "tileable", "seamless", "repeat", "repeating"})
TOLD: Final = NORMAL_WORDS | COLOUR_WORDS | DATA_WORDS | TILING_WORDS


@lru_cache(maxsize=4096)
def words(path: str) -> frozenset[str]:
    """Return the words of a file's own name, lower case: of Rock baseColor they are rock, base, color and basecolor."""
    place = PurePosixPath(path.replace("\\", "/"))
    # A texture of several pictures is a folder of numbers, as extraction has it.
    own = place.parent if place.name.isdigit() and place.parent.suffix else place
    found = [word.lower() for word in _WORDS.findall(own.stem)]
    return frozenset({*found, *(first + second for first, second in pairwise(found))})
