"""What is found in the samples stays what it was: whoever makes a check faster changes no answer.

Where a check is meant to answer otherwise, `python -m tests.unit.findings.test_answers` writes the answers anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from consumer.findings.registry import look_over
from consumer.findings.texture import Texture
from consumer.imaging.facts import TextureFacts

ROOT = Path(__file__).parents[3]
ANSWERS = ROOT / "tests" / "golden" / "findings" / "samples.json"
Ramp = npt.NDArray[np.floating]
Answers = dict[str, dict[str, float]]


def _forms(path: Path) -> Iterator[tuple[str, Image.Image]]:
    with Image.open(path) as opened:
        image = opened.convert("RGBA" if "A" in opened.getbands() or opened.mode == "P" else "RGB")
    yield "as it is", image
    yield "small", image.resize((max(5, image.width // 3), max(5, image.height // 5)), Image.Resampling.BOX)
    yield "grey", image.convert("LA" if image.mode == "RGBA" else "L")
    yield "cut out", _with_alpha(image, lambda ramp: (ramp > 0.5) * 255.0)
    yield "fading", _with_alpha(image, lambda ramp: ramp * 255)
    yield "clear but for one pixel", _with_alpha(image, lambda ramp: (ramp == ramp.max()) * 1.0)


def _with_alpha(image: Image.Image, alpha: Callable[[Ramp], Ramp]) -> Image.Image:
    pixels = np.asarray(image.convert("RGBA")).copy()
    ramp = np.linspace(0, 1, pixels.shape[0] * pixels.shape[1]).reshape(pixels.shape[:2])
    pixels[..., 3] = alpha(ramp)
    return Image.fromarray(pixels)


def answers() -> Answers:
    """Return what is found in every form of every sample, by what the file may be said to be."""
    found: Answers = {}
    for path in sorted((ROOT / "samples").rglob("*.*")):
        if path.suffix not in {".png", ".jpg"}:
            continue
        for form, image in _forms(path):
            pixels = np.asarray(image)
            for facts in (TextureFacts(), TextureFacts(usage="normal_map", mip_count=1)):
                texture = Texture(np.atleast_3d(pixels), image.mode, "PNG", facts, path.name)
                name = f"{path.relative_to(ROOT / 'samples')}, {form}, {facts.usage or 'nothing said'}"
                found[name] = {item.id: item.value for item in look_over(texture)}
    return found


def test_every_answer_is_what_it_was() -> None:
    known: Answers = json.loads(ANSWERS.read_text(encoding="utf-8"))
    told = answers()

    assert told.keys() == known.keys()
    for name, findings in told.items():
        assert findings == pytest.approx(known[name], rel=1e-3), name


if __name__ == "__main__":
    ANSWERS.parent.mkdir(exist_ok=True)
    lines = (f"  {json.dumps(name)}: {json.dumps(findings)}" for name, findings in answers().items())
    ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
