"""Many rows get what each of them gets alone, to the last digit."""

from __future__ import annotations

import numpy as np

from consumer.tagging.bundle import default_bundle_path, load_bundle
from consumer.tagging.names import AssetNames
from consumer.tagging.scoring import Scorer

ROWS = 2000
NAMES = ("", "game/weapons/sword.png", "T_Rock_N.png", "ui/icon_shield.png", "sky/SkyDome3.dds")


def test_each_row_gets_what_it_gets_alone() -> None:
    """The shipped vocabulary and its calibration, where sums are long enough to round differently."""
    scorer = Scorer(load_bundle(default_bundle_path()))
    rng = np.random.default_rng(7)
    embeddings = rng.normal(size=(ROWS, 256))
    embeddings = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float16)
    tests = rng.random((ROWS, 3)).round(4).tolist()
    pixels = [
        {"color_palettes": {"neon": neon, "pastel": pastel}, "texture_roles": {"sprite": sprite}} if number % 3 else {}
        for number, (neon, pastel, sprite) in enumerate(tests)
    ]
    names = [AssetNames.of([NAMES[number % len(NAMES)]]) for number in range(ROWS)]

    for threshold in (None, 0.0):
        many = scorer.score_rows(embeddings, pixels, names, threshold=threshold)
        alone = [
            scorer.score(embedding, tests, called, threshold=threshold)
            for embedding, tests, called in zip(embeddings, pixels, names, strict=True)
        ]
        assert many == [[tag.model_dump() for tag in row] for row in alone]


def test_no_row_gets_nothing() -> None:
    scorer = Scorer(load_bundle(default_bundle_path()))
    assert scorer.score_rows(np.empty((0, 256), np.float16), [], []) == []
