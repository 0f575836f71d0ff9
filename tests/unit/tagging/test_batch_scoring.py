"""A batch gives what each of its rows gives alone, to the last digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consumer.tagging.batch_scoring import BatchScorer
from consumer.tagging.bundle import default_bundle_path, load_bundle
from consumer.tagging.calibration import Calibration, CategoryCalibration, Platt, SharedScale
from consumer.tagging.scoring import PixelEvidence, Scorer
from tests.unit.tagging.tiny import TAXONOMY_JSON, tiny_bundle

PROBABILITY = st.floats(0, 1).map(lambda value: round(value, 4))
EVIDENCE = st.fixed_dictionaries(
    {},
    optional={
        "beasts": st.dictionaries(st.sampled_from(["cat", "dog", "unknown"]), PROBABILITY),
        "colours": st.dictionaries(st.sampled_from(["red", "neon", "unknown"]), PROBABILITY),
        "elsewhere": st.dictionaries(st.text(max_size=3), PROBABILITY),
    },
)
FITTED = {
    "beasts": CategoryCalibration(shared=SharedScale(temperature=3.0, bias={"cat": 0.4}, background_bias=-0.3)),
    "colours": CategoryCalibration(tags={"red": Platt(slope=0.7, bias=0.1)}),
}


@pytest.fixture(scope="module", params=["uncalibrated", "calibrated", "silenced"])
def scorer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    folder: Path = tmp_path_factory.mktemp("bundle")
    if request.param == "calibrated":
        return Scorer(tiny_bundle(folder, calibration=Calibration(labels_sha256="0", images=1, categories=FITTED)))
    silenced = TAXONOMY_JSON.replace('"prompts": ["cat"]', '"prompts": ["cat"], "off": true')
    return Scorer(tiny_bundle(folder, silenced if request.param == "silenced" else TAXONOMY_JSON))


@given(
    rows=st.lists(st.tuples(arrays(np.float16, 4, elements=st.floats(-1, 1, width=16)), EVIDENCE), max_size=20),
)
def test_each_row_gets_what_it_gets_alone(
    scorer: Scorer, rows: list[tuple[np.ndarray[tuple[int], np.dtype[np.float16]], PixelEvidence]]
) -> None:
    embeddings = np.array([vector for vector, _ in rows], np.float16).reshape(-1, 4)
    evidence = [seen for _, seen in rows]

    assert BatchScorer(scorer).score(embeddings, evidence) == [
        scorer.score(vector, seen) for vector, seen in zip(embeddings, evidence, strict=True)
    ]


def test_the_shipped_vocabulary_too() -> None:
    """Seventy tags and real calibrated numbers, where sums are long enough to round differently."""
    scorer = Scorer(load_bundle(default_bundle_path()))
    rng = np.random.default_rng(7)
    embeddings = rng.normal(size=(3000, 256)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    embeddings = embeddings.astype(np.float16)
    evidence = [{"color_palettes": {"neon": round(float(rng.random()), 4)}} for _ in embeddings]

    batched = BatchScorer(scorer).score(embeddings, evidence)

    assert batched == [scorer.score(one, seen) for one, seen in zip(embeddings, evidence, strict=True)]
    assert sum(map(len, batched)) > 3000
