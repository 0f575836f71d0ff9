"""The pictures of docs/findings.md are those of the checks as they are."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from benchmarks.findings.pictures import FOLDER, encoded, pictures
from consumer.findings.registry import CHECKS

MAX_BYTES = 1024 * 1024
# Levels of 255: another version of an encoder may round otherwise.
ROUNDING = 4.0


def pixels(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float32)


def test_every_finding_has_its_picture_and_no_other_lies_there() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{check.id.lower()}.webp" for check in CHECKS}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= MAX_BYTES


def test_the_pictures_show_what_they_show_now() -> None:
    stale = []
    for finding, picture in pictures():
        stored, made = pixels((FOLDER / f"{finding.lower()}.webp").read_bytes()), pixels(encoded(picture))
        if stored.shape != made.shape or float(np.abs(stored - made).mean()) > ROUNDING:
            stale.append(finding)

    assert stale == [], "run python -m benchmarks.findings.pictures"
