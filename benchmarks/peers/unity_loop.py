"""The loop that one would write first to extract textures: UnityPy, every Texture2D, Pillow.

    python -m benchmarks.peers.unity_loop BUNDLES OUTPUT

Writes PNGs of the compression level that the product's sizes are compared with.
"""

from __future__ import annotations

import sys
from pathlib import Path

import UnityPy

PNG_COMPRESSION = 2


def main(bundles: Path, output: Path) -> None:
    """Extract every bundle of the folder."""
    for bundle in sorted(bundles.iterdir()):
        folder = output / bundle.stem
        folder.mkdir(parents=True)
        for item in UnityPy.load(str(bundle)).objects:
            if item.type.name == "Texture2D":
                texture = item.read()
                texture.image.save(folder / f"{texture.m_Name}.png", compress_level=PNG_COMPRESSION)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
