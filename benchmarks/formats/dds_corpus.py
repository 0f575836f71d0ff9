"""DDS files against the pictures of a corpus: ``python -m benchmarks.formats.dds_corpus FOLDER``.

FOLDER is a checkout of github.com/RunDevelopment/dds. Where we mean to differ, what the two have in common is compared.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.formats.pixels import as_rgba, distance, png
from benchmarks.support.figures import Figure, report
from consumer.imaging.decode import read
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits, Picture, Pixels

MOST_LEVELS: Final = 3
_GOAL: Final = 165


class Difference(NamedTuple):
    """Why a picture is not the corpus's, and in what it must be equal all the same.

    ``common`` takes ours and theirs as RGBA and gives what is compared of both.
    """

    reason: str
    common: Callable[[Pixels, Pixels], tuple[Pixels, Pixels]]


def _channels(ours: str, theirs: str) -> Callable[[Pixels, Pixels], tuple[Pixels, Pixels]]:
    def pick(one: Pixels, other: Pixels) -> tuple[Pixels, Pixels]:
        return one[..., ["RGBA".index(name) for name in ours]], other[..., ["RGBA".index(name) for name in theirs]]

    return pick


def _multiplied(ours: Pixels, theirs: Pixels) -> tuple[Pixels, Pixels]:
    one, other = (
        (picture[..., :3].astype(np.uint16) * picture[..., 3:] // 255).astype(np.uint8) for picture in (ours, theirs)
    )
    return one, other


_NORMAL: Final = Difference("a normal map: blue is z, which two channels leave out", _channels("RG", "RG"))
_GREY_ALPHA: Final = Difference("one channel is grey, alpha too", _channels("R", "A"))
# By what the file says, in the order in which they are asked for.
_MEANT: Final = (
    (lambda picture: _usage(picture) == "normal_map", _NORMAL),
    (lambda picture: picture.pixels.shape[2] == 1, _GREY_ALPHA),
    (
        lambda picture: picture.pixels.shape[2] == 2,
        Difference("Direct3D 9's A8L8 is grey with alpha, not red and green", _channels("RA", "RG")),
    ),
    (
        lambda picture: picture.facts is not None and picture.facts.format == "BC3",
        Difference("DXT5nm without the flag that says so stays as it is", _channels("AG", "RG")),
    ),
    (
        lambda picture: picture.pixels.shape[2] == 4,
        Difference("alpha is rounded otherwise, and colours are divided by it", _multiplied),
    ),
)


def main() -> None:
    """Compare every file that the corpus has a picture of, and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats.dds_corpus", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    counts = dict.fromkeys(("equal", "meant", "wrong", "unread"), 0)
    for name, verdict, words in _verdicts(parser.parse_args().folder / "test-data"):
        counts[verdict] += 1
        if words:
            print(f"{verdict}: {name}: {words}")
    report(
        "dds-corpus",
        [
            Figure("files", sum(counts.values()), "files", None, "higher"),
            Figure(f"equal_within_{MOST_LEVELS}_levels", counts["equal"], "files", _GOAL, "higher"),
            Figure("different_on_purpose", counts["meant"], "files", None, "lower"),
            Figure("wrong", counts["wrong"], "files", 0, "lower"),
            Figure("unread", counts["unread"], "files", 0, "lower"),
        ],
    )


def _verdicts(folder: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted((folder / "images").rglob("*.dds")):
        place = path.relative_to(folder / "images")
        expected = folder / "output" / place.with_suffix(".png")
        if not expected.exists():
            continue
        try:
            picture = read(path.read_bytes(), ImageLimits())
        except ImageRejectedError as error:
            yield str(place), "unread", error.reason
        else:
            yield str(place), *verdict(picture, png(expected))


def verdict(picture: Picture, theirs: Pixels) -> tuple[str, str]:
    """Return what a comparison comes to, and what is to be said of it."""
    ours = as_rgba(picture.pixels)
    if ours.shape != theirs.shape:
        return "wrong", f"{ours.shape[1]} by {ours.shape[0]} pixels, not {theirs.shape[1]} by {theirs.shape[0]}"
    levels = distance(ours, theirs)
    if levels <= MOST_LEVELS:
        return "equal", ""
    for applies, meant in _MEANT:
        if applies(picture) and distance(*meant.common(ours, theirs)) <= MOST_LEVELS:
            return "meant", meant.reason
    return "wrong", f"{levels} levels apart"


def _usage(picture: Picture) -> str | None:
    return picture.facts.usage if picture.facts else None


if __name__ == "__main__":
    main()
