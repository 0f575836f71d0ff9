"""How many blocks of real DXT5 textures a decoder gets wrong that reads three colours where there are four.

    python -m benchmarks.formats.three_colours PATH…

A block of colours whose first end is not the larger has three colours and a hole in DXT1. In DXT3 and DXT5 it has
four, whichever end is larger; texture2ddecoder 1.0.6, which UnityPy uses, reads it as in DXT1. PATH is a DDS file or a
folder of them; smaller sizes count too.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.support.figures import Figure, report
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.files.dds_formats import format_of
from consumer.imaging.files.dds_header import MAGIC, read_header
from consumer.imaging.texels import blocks
from consumer.imaging.texels.colour_blocks import rgba_of

_BLOCK_BYTES: Final = 16


class Counted(NamedTuple):
    """Of one file: its blocks, those whose first end is not the larger, those that look different, by how much."""

    blocks: int
    reversed: int
    different: int
    most_levels: int


def main() -> None:
    """Count and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats.three_colours")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    every = [counted(data) for path in parser.parse_args().paths for data in _textures(path)]
    total = sum(item.blocks for item in every)
    touched = sum(item.reversed for item in every)
    different = sum(item.different for item in every)
    report(
        "three-colours",
        [
            Figure("files", len(every), "files", None, "higher"),
            Figure("files_with_such_blocks", sum(item.different > 0 for item in every), "files", None, "lower"),
            Figure("blocks", total, "blocks", None, "higher"),
            Figure("first_end_not_larger", touched, "blocks", None, "lower"),
            Figure("different_in_three_colours", different, "blocks", None, "lower"),
            Figure("different_of_all", 100 * different / max(total, 1), "%", None, "lower"),
            Figure(
                "most_different_level", max((item.most_levels for item in every), default=0), "levels", None, "lower"
            ),
        ],
    )


def counted(data: bytes) -> Counted:
    """Return what the blocks of DXT3 or DXT5 texels come to."""
    halves = np.frombuffer(data[: len(data) // _BLOCK_BYTES * _BLOCK_BYTES], np.uint8).reshape(-1, 2, 8)
    colours = np.ascontiguousarray(halves[:, 1])
    ends = colours[:, :4].copy().view("<u2")
    is_reversed = ends[:, 0] <= ends[:, 1]
    four, three = (rgba_of(colours[is_reversed], three_colours=mode) for mode in (False, True))
    levels = np.abs(four[..., :3].astype(np.int16) - three[..., :3]).max(axis=(1, 2), initial=0)
    different = int(np.count_nonzero(levels > 1))
    return Counted(len(halves), int(is_reversed.sum()), different, int(levels.max(initial=0)))


def _textures(path: Path) -> Iterator[bytes]:
    for file in sorted(path.rglob("*.dds")) if path.is_dir() else [path]:
        data = file.read_bytes()
        try:
            if data.startswith(MAGIC) and format_of(header := read_header(data)) in {blocks.BC2, blocks.BC3}:
                yield data[header.data_at :]
        except ImageRejectedError:
            continue


if __name__ == "__main__":
    main()
