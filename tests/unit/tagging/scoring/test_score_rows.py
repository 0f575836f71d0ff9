"""Many rows get what each of them gets alone, to the last digit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.bundle.name_patterns import AssetNames
from consumer.tagging.scoring.scorer import Scorer, four_digits

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
        assert [row.tags for row in many] == [[tag.model_dump(exclude_none=True) for tag in row] for row in alone]


def test_no_row_gets_nothing() -> None:
    scorer = Scorer(load_bundle(default_bundle_path()))
    assert scorer.score_rows(np.empty((0, 256), np.float16), [], []) == []


# Confidences, and those that lie in the middle between two of four digits, or as near to it as numbers can.
_middles = st.integers(0, 9999).map(lambda number: (2 * number + 1) / 20_000)
_near_middles = st.tuples(_middles, st.sampled_from([-1.0, 2.0])).map(lambda pair: float(np.nextafter(*pair)))


@given(st.lists(st.floats(0, 1) | _middles | _near_middles, max_size=20))
def test_many_are_rounded_as_python_rounds_one(values: list[float]) -> None:
    assert four_digits(np.array(values, np.float64)).tolist() == [round(value, 4) for value in values]
