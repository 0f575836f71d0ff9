from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consumer.tagging.bundle.calibration import Calibration, CategoryCalibration, Platt, SharedScale
from consumer.tagging.bundle.name_patterns import AssetNames
from consumer.tagging.scoring.scorer import Scorer
from tests.unit.tagging.tiny import E0, E1, E2, E3, TAXONOMY_JSON, tiny_bundle


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    return Scorer(tiny_bundle(tmp_path_factory.mktemp("bundle")))


def test_the_tag_that_the_embedding_points_at_wins_under_its_alias_and_the_models_name(scorer: Scorer) -> None:
    best = scorer.score(E1, {})[0]
    assert (best.tag, best.category, best.source_model) == ("hound", "beasts", "tiny-clip")
    assert best.confidence > 0.99


def test_background_wins_when_nothing_fits(scorer: Scorer) -> None:
    assert scorer.score(E3, {}) == []


def test_tags_of_another_category_do_not_compete(scorer: Scorer) -> None:
    both = (E0 + E2) / np.sqrt(2)
    assert {tag.tag for tag in scorer.score(both, {})} == {"cat", "red"}


def test_pixels_decide_alone_for_tags_whose_evidence_they_are(scorer: Scorer) -> None:
    tags = scorer.score(E3, {"colours": {"neon": 0.4, "not_in_the_taxonomy": 1.0}})
    assert [(tag.tag, tag.confidence, tag.source_model) for tag in tags] == [("neon", 0.4, "pixels")]


def test_pixels_are_not_heard_for_tags_that_the_picture_decides(scorer: Scorer) -> None:
    assert scorer.probabilities(E2, {"colours": {"red": 0.1}}) == scorer.probabilities(E2, {})


def test_where_both_are_evidence_they_raise_and_lower_each_other(tmp_path: Path) -> None:
    both = TAXONOMY_JSON.replace('"prompts": ["red"]', '"prompts": ["red"], "evidence": "both"')
    scorer = Scorer(tiny_bundle(tmp_path, both))

    def red(test: float) -> float:
        return scorer.probabilities((E2 + E3) / np.sqrt(2), {"colours": {"red": test}})["colours"]["red"]

    assert red(0.05) < red(0.5) < red(0.95)


def test_in_an_exclusive_category_sure_pixels_leave_no_room_for_the_model(tmp_path: Path) -> None:
    tested = TAXONOMY_JSON.replace('"prompts": ["dog"]', '"prompts": ["dog"], "evidence": "pixels"')
    found = Scorer(tiny_bundle(tmp_path, tested)).probabilities(E0, {"beasts": {"dog": 1.0}})["beasts"]
    assert found["dog"] > 0.99
    assert found["cat"] < 0.01


def test_a_name_raises_its_tag_and_is_told_as_its_source(tmp_path: Path) -> None:
    named = TAXONOMY_JSON.replace('"prompts": ["dog"]', '"prompts": ["dog"], "names": ["rex"]')
    scorer = Scorer(tiny_bundle(tmp_path, named))
    unsure = (E0 + E1) / np.sqrt(2)
    without = {tag.tag: tag for tag in scorer.score(unsure, {})}
    called = {tag.tag: tag for tag in scorer.score(unsure, {}, AssetNames.of(["pets/T_Rex_01.png"]))}
    assert called["hound"].confidence > without["hound"].confidence == without["cat"].confidence
    assert (called["hound"].source_model, called["cat"].source_model) == ("tiny-clip+names", "tiny-clip")
    (alone,) = scorer.score((E3 + 0.9 * E1) / np.linalg.norm(E3 + 0.9 * E1), {}, AssetNames.of(["rex"]))
    assert alone.source_model == "tiny-clip+names"


def test_a_tag_that_only_its_name_speaks_for_says_so(tmp_path: Path) -> None:
    silent = TAXONOMY_JSON.replace(
        '"prompts": ["red"]', '"prompts": ["red"], "evidence": "names", "names": ["scarlet"]'
    )
    silent = silent.replace('"threshold": 0.5', '"threshold": 0.03')
    scorer = Scorer(tiny_bundle(tmp_path, silent))
    assert "red" not in {tag.tag for tag in scorer.score(E2, {})}
    sources = {tag.tag: tag.source_model for tag in scorer.score(E2, {}, AssetNames.of(["Scarlet_door"]))}
    assert sources["red"] == "names"


def test_each_tag_obeys_its_own_threshold_and_a_tag_that_is_off_never_appears(tmp_path: Path) -> None:
    silenced = TAXONOMY_JSON.replace('"prompts": ["cat"]', '"prompts": ["cat"], "off": true')
    scorer = Scorer(tiny_bundle(tmp_path, silenced))
    assert scorer.score(E0, {"colours": {"neon": 0.29}}) == []


def test_a_calibration_moves_confidences_and_is_announced(tmp_path: Path) -> None:
    fitted = {
        "beasts": CategoryCalibration(shared=SharedScale(temperature=10.0, bias={"cat": 0.0}, background_bias=0.0)),
        "colours": CategoryCalibration(tags={"red": Platt(slope=0.0, bias=0.0)}),
    }
    scorer = Scorer(tiny_bundle(tmp_path, calibration=Calibration(labels_sha256="0", images=1, categories=fitted)))
    found = scorer.probabilities(E0, {})
    assert scorer.calibrated
    assert found["beasts"]["cat"] == pytest.approx(np.e / (np.e + 2), abs=1e-4)
    assert found["colours"]["red"] == 0.5


@given(arrays(np.float32, 4, elements=st.floats(-1, 1, width=16)))
def test_confidences_are_probabilities_sorted_downwards_and_exclusive_ones_share_one(
    scorer: Scorer, raw: np.ndarray[tuple[int], np.dtype[np.float32]]
) -> None:
    embedding = raw / max(float(np.linalg.norm(raw)), 1e-6)
    confidences = [tag.confidence for tag in scorer.score(embedding, {})]
    assert confidences == sorted(confidences, reverse=True)
    found = scorer.probabilities(embedding, {})
    assert all(0 <= value <= 1 for tags in found.values() for value in tags.values())
    assert sum(found["beasts"].values()) <= 1.001


def test_a_threshold_that_is_given_replaces_the_taxonomys_and_is_taken_as_it_is(scorer: Scorer) -> None:
    everything = scorer.score(E0, {"colours": {"neon": 0.01}}, threshold=0.0)
    assert {tag.tag for tag in everything} == {"cat", "hound", "red", "neon"}
    assert {tag.tag for tag in scorer.score(E0, {"colours": {"neon": 0.4}}, threshold=0.4)} == {"cat", "neon"}
