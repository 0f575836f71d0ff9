"""A tag is published where this picture raised it, not where it is common."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.tagging.bundle.calibration import Calibration, CategoryCalibration, Platt, PromisedSet, SharedScale
from consumer.tagging.bundle.name_patterns import AssetNames
from consumer.tagging.bundle.taxonomy import parse_taxonomy
from consumer.tagging.scoring.promised_sets import in_set, least_confidence
from consumer.tagging.scoring.publication import LEAST_GAIN, gain_bounds, log_odds
from consumer.tagging.scoring.scorer import Scorer
from tests.unit.tagging.tiny import E0, E2, E3, TAXONOMY_JSON, tiny_bundle


def calibrated(folder: Path, taxonomy: str = TAXONOMY_JSON, **colours: float) -> Scorer:
    """Return a scorer whose colours have these base rates; a test on pixels is their confidence."""
    tags = {"red": Platt(slope=1, bias=0), "neon": Platt(slope=0, pixels=1, bias=0)}
    fitted = {
        "beasts": CategoryCalibration(
            shared=SharedScale(temperature=1, bias={}, background_bias=0),
            base_rates={"cat": 0.3, "dog": 0.2},
            promised=PromisedSet(coverage=0.9, least_confidence=0.2),
        ),
        "colours": CategoryCalibration(tags=tags, base_rates=colours),
    }
    return Scorer(tiny_bundle(folder, taxonomy, Calibration(labels_sha256="0", images=1, categories=fitted)))


def test_a_tag_at_its_base_rate_says_nothing_however_likely_it_is(tmp_path: Path) -> None:
    scorer = calibrated(tmp_path, neon=0.8, red=0.5)
    assert [tag.tag for tag in scorer.score(E3, {"colours": {"neon": 0.85}})] == []
    (raised,) = scorer.score(E3, {"colours": {"neon": 0.95}})
    assert (raised.tag, raised.confidence, raised.base_rate) == ("neon", 0.95, 0.8)
    assert raised.gain == pytest.approx(np.log(0.95 / 0.05) - np.log(0.8 / 0.2), abs=1e-3)


def test_a_tag_that_gained_must_reach_its_threshold_too(tmp_path: Path) -> None:
    assert calibrated(tmp_path, neon=0.01, red=0.5).score(E3, {"colours": {"neon": 0.29}}) == []


def test_the_taxonomy_states_the_least_gain(tmp_path: Path) -> None:
    taxonomy = json.loads(TAXONOMY_JSON)
    taxonomy["categories"]["colours"]["least_gain"] = 0
    scorer = calibrated(tmp_path, json.dumps(taxonomy), neon=0.8, red=0.5)
    assert [tag.tag for tag in scorer.score(E3, {"colours": {"neon": 0.81}})] == ["neon"]


def test_without_base_rates_thresholds_decide_and_events_carry_no_gain(tmp_path: Path) -> None:
    (tag,) = Scorer(tiny_bundle(tmp_path)).score(E3, {"colours": {"neon": 0.4}})
    assert (tag.tag, tag.base_rate, tag.gain) == ("neon", None, None)


def test_a_clients_own_threshold_is_taken_as_it_is(tmp_path: Path) -> None:
    scorer = calibrated(tmp_path, neon=0.8, red=0.5)
    assert "neon" in {tag.tag for tag in scorer.score(E3, {"colours": {"neon": 0.5}}, threshold=0.4)}


def test_candidates_are_the_tags_above_the_promised_bound_and_always_one(tmp_path: Path) -> None:
    scorer = calibrated(tmp_path, neon=0.8, red=0.5)
    vectors = np.stack([E0, (E0 + E2) / np.sqrt(2), E3])
    rows = scorer.score_rows(vectors, [{}] * 3, [AssetNames()] * 3)
    sets = [row.candidates for row in rows]
    assert [one and (one["category"], one["coverage"]) for one in sets] == [("beasts", 0.9)] * 3
    assert [one and one["tags"] for one in sets] == [["cat"], ["cat"], ["cat"]]


def test_no_promise_no_candidates(tmp_path: Path) -> None:
    assert Scorer(tiny_bundle(tmp_path)).score_rows(E0[None], [{}], [AssetNames()])[0].candidates is None


@given(st.floats(0.001, 0.999), st.floats(0, 1))
def test_the_bound_is_where_the_gain_is_reached(rate: float, confidence: float) -> None:
    spec = parse_taxonomy(TAXONOMY_JSON).categories["colours"]
    bound = gain_bounds(spec, np.array([rate, np.nan]))
    gain = float(log_odds(np.array(confidence)) - log_odds(np.array(rate)))
    if abs(gain - LEAST_GAIN) > 1e-6 and 1e-4 < confidence < 1 - 1e-4:
        assert (confidence >= bound[0]) == (gain >= LEAST_GAIN)
    assert bound[1] == 0


@given(st.lists(st.floats(0.001, 1), min_size=30, max_size=200), st.floats(0.5, 0.95))
def test_the_bound_holds_the_share_that_was_promised(right: list[float], coverage: float) -> None:
    confidences = np.array(right)
    bound = least_confidence(confidences, np.ones(len(right)), coverage)
    assert (confidences >= bound).mean() >= coverage


def test_a_set_is_never_empty() -> None:
    members = in_set(np.array([[0.2, 0.1], [0.6, 0.5]]), 0.5)
    assert members.tolist() == [[True, False], [True, True]]
