"""One picture for each finding in docs/findings.md, made of the samples: left with the finding, right without.

    python -m benchmarks.findings.pictures

Writes docs/pictures/findings; a test fails where a check has none, or where they show something else than now.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.findings import makers
from benchmarks.findings.sources import Pixels, surfaces
from benchmarks.findings.trial import Trial
from benchmarks.findings.trials import TRIALS
from benchmarks.support.images import SAMPLES
from consumer.findings.registry import BY_NAME
from consumer.findings.texture import Texture
from consumer.imaging.picture import to_eight_bits

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures" / "findings"
_SEED: Final = 20261130
_SIDE: Final = 192
_GAP: Final = 8
# What is seen only from near: a piece of so many pixels, drawn three times as large.
_NEAR: Final = frozenset(
    {"halo", "narrow-gutter", "jpeg-blocks", "banding", "repeated-pixels", "oversized", "few-colours"}
)
_PIECE: Final = _SIDE // 3
_SQUARE: Final = 12


# The trial's own are strips.
_BROAD: Final = Trial(
    "over-budget",
    (lambda surface, _: makers.png(makers.sized(surface, 2050, 4100)),),
    (lambda surface, _: makers.png(makers.sized(surface, 1024, 2048)),),
)


def pictures() -> Iterator[tuple[str, Image.Image]]:
    """Yield the id of every finding with its picture, always the same."""
    faces = surfaces((SAMPLES,))
    for trial in TRIALS:
        yield BY_NAME[trial.name].id, _pair(_BROAD if trial.name == _BROAD.name else trial, faces)


def encoded(picture: Image.Image) -> bytes:
    """Return the file as it lies in the folder."""
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=80, method=6)
    return file.getvalue()


def main() -> None:
    """Write all of them, and remove those of findings that are no more."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = set()
    for finding, picture in pictures():
        path = FOLDER / f"{finding.lower()}.webp"
        path.write_bytes(encoded(picture))
        written.add(path)
    for path in set(FOLDER.iterdir()) - written:
        path.unlink()
    size_kib = sum(path.stat().st_size for path in written) / 1024
    print(f"wrote {len(written)} pictures, {size_kib:.0f} KiB, to {FOLDER}")


def _pair(trial: Trial, faces: Sequence[Pixels]) -> Image.Image:
    """Return the first sample on which the check tells both apart; raises LookupError where there is none."""
    check = BY_NAME[trial.name]
    limit = check.limit or 0.0
    for at, face in enumerate(faces):
        rng = np.random.default_rng(_SEED + at)
        faulty, sound = trial.faulty[0](face, rng), trial.sound[0](face, rng)
        if check.measure(faulty, limit) is not None and check.measure(sound, limit) is None:
            canvas = Image.new("RGB", (2 * _SIDE + _GAP, _SIDE), "white")
            for column, texture in enumerate((faulty, sound)):
                canvas.paste(_panel(texture, is_near=trial.name in _NEAR), (column * (_SIDE + _GAP), 0))
            return canvas
    raise LookupError(f"no sample shows {trial.name}")


def _panel(texture: Texture, *, is_near: bool) -> Image.Image:
    pixels = texture.pixels if texture.pixels.dtype == np.uint8 else to_eight_bits(texture.pixels)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGBA")
    if is_near:
        left, top = max(0, (image.width - _PIECE) // 2), max(0, (image.height - _PIECE) // 2)
        image = image.crop((left, top, left + _PIECE, top + _PIECE))
        # Each band by itself, as a graphics card filters it: so a halo is seen.
        bands = [band.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR) for band in image.split()]
        return Image.alpha_composite(_squares(), Image.merge("RGBA", bands)).convert("RGB")
    scale = _SIDE / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    image = image.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BICUBIC)
    ground = _squares()
    ground.alpha_composite(image, ((_SIDE - size[0]) // 2, (_SIDE - size[1]) // 2))
    return ground.convert("RGB")


def _squares() -> Image.Image:
    """Return what is seen through what is transparent."""
    down, across = np.mgrid[:_SIDE, :_SIDE] // _SQUARE
    return Image.fromarray(np.where((down + across) % 2, 232, 255).astype(np.uint8)).convert("RGBA")


if __name__ == "__main__":
    main()
