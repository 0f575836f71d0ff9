"""Fitted confidences mean something, also on images that were not fitted on."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from consumer.tagging.judging import Evidence, judge
from export.calibrate import Labelled, cross_fitted, fit_category, fit_with
from export.figures import average_precision, calibration_error, precision_recall, reliability, top1

NAMES = ("a", "b", "c", "d")


def evidence(tags: NDArray[np.float64], pixels: NDArray[np.float64] | None = None, none: float = -40.0) -> Evidence:
    silent = np.full(tags.shape, np.nan)
    return Evidence(
        NAMES[: tags.shape[1]],
        tags,
        np.full((len(tags), 1), none),
        silent if pixels is None else pixels,
        np.zeros(tags.shape),
    )


def drawn_from(chances: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.bool_]:
    picked = np.array([rng.choice(chances.shape[1], p=row / row.sum()) for row in chances])
    return np.asarray(np.eye(chances.shape[1], dtype=bool)[picked])


@pytest.fixture(scope="module")
def overconfident() -> Labelled:
    """Similarities four times too sure of themselves, with truths drawn from the honest softmax."""
    rng = np.random.default_rng(3)
    honest = rng.normal(0, 1.5, (1200, 4))
    truth = drawn_from(np.exp(honest), rng)
    return Labelled(evidence(honest * 4), truth, np.ones_like(truth))


def test_the_fitted_temperature_undoes_overconfidence(overconfident: Labelled) -> None:
    fitted = fit_with(overconfident, exclusive=True, choice="clip")
    assert fitted.shared is not None
    assert fitted.shared.temperature == pytest.approx(4, rel=0.15)
    confidences = judge(overconfident.seen, exclusive=True, fitted=fitted)
    assert calibration_error(confidences, overconfident.truth) < 0.02


def test_cross_fitted_confidences_stay_calibrated_on_images_that_were_not_fitted_on(overconfident: Labelled) -> None:
    folds = np.arange(len(overconfident.truth)) % 5
    crossed = cross_fitted(overconfident, folds, exclusive=True, choice="clip")
    assert calibration_error(crossed, overconfident.truth) < 0.03


def test_one_fold_alone_cannot_judge_itself(overconfident: Labelled) -> None:
    with pytest.raises(ValueError, match="at least two folds"):
        cross_fitted(overconfident, np.zeros(len(overconfident.truth), np.intp), exclusive=True, choice="clip")


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("telling", ["clip", "pixels"])
def test_the_evidence_of_a_category_is_chosen_by_what_it_tells(exclusive: bool, telling: str) -> None:
    rng = np.random.default_rng(8)
    honest = rng.normal(0, 2, (400, 3))
    if exclusive:
        truth, shares = drawn_from(np.exp(honest), rng), np.exp(honest) / np.exp(honest).sum(1, keepdims=True)
    else:
        shares = 1 / (1 + np.exp(-honest))
        truth = rng.random(honest.shape) < shares
    junk = rng.permutation(honest)
    pixels = shares if telling == "pixels" else rng.permutation(shares)
    seen = evidence(honest if telling == "clip" else junk, pixels, none=0.0)
    fitted = fit_category(
        Labelled(seen, truth, np.ones_like(truth)), exclusive=exclusive, folds=np.arange(len(truth)) % 4
    )
    assert telling in fitted.evidence
    right = judge(seen, exclusive=exclusive, fitted=fitted)
    assert calibration_error(right, truth) < 0.06


def test_a_tag_that_only_a_test_knows_is_decided_first_and_the_rest_shares_what_is_left() -> None:
    rng = np.random.default_rng(9)
    is_map = rng.random(500) < 0.3
    tests = np.full((500, 3), np.nan)
    tests[:, 2] = np.where(is_map, 0.95, 0.02)
    honest = rng.normal(0, 2, (500, 2))
    truth = np.column_stack([drawn_from(np.exp(honest), rng) & ~is_map[:, None], is_map])
    tags = np.column_stack([honest, np.full(500, np.nan)])
    labelled = Labelled(evidence(tags, tests, none=0.0), truth, np.ones_like(truth))
    confidences = judge(labelled.seen, exclusive=True, fitted=fit_with(labelled, exclusive=True, choice="clip"))
    assert confidences[is_map, 2].min() > 0.9
    assert confidences[~is_map, 2].max() < 0.1
    assert (confidences.sum(axis=1) <= 1 + 1e-9).all()


def test_a_tag_that_is_never_true_is_hardly_ever_said() -> None:
    rng = np.random.default_rng(5)
    margins = rng.normal(0, 3, (400, 2))
    truth = np.stack([rng.random(400) < 1 / (1 + np.exp(-margins[:, 0])), np.zeros(400, bool)], axis=1)
    labelled = Labelled(evidence(margins, none=0.0), truth, np.ones_like(truth))
    fitted = fit_with(labelled, exclusive=False, choice="clip")
    confidences = judge(labelled.seen, exclusive=False, fitted=fitted)
    assert calibration_error(confidences[:, :1], truth[:, :1]) < 0.08
    assert confidences[:, 1].mean() < 0.05


def test_what_nobody_can_judge_does_not_count() -> None:
    rng = np.random.default_rng(6)
    margins = rng.normal(0, 3, (400, 1))
    truth = margins > 0
    known = np.ones_like(truth)
    lies = truth.copy()
    known[:150], lies[:150] = False, ~truth[:150]
    honest = fit_with(Labelled(evidence(margins, none=0.0), truth, known), exclusive=False, choice="clip")
    misled = fit_with(Labelled(evidence(margins, none=0.0), lies, known), exclusive=False, choice="clip")
    assert honest == misled


def test_figures_of_a_small_case_worked_by_hand() -> None:
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
    truth = np.array([[True, False], [False, True], [False, True], [True, False]])
    assert top1(scores, truth) == 0.75
    assert average_precision(scores[:, 0], truth[:, 0]) == 1.0
    assert average_precision(scores[:, 1], truth[:, 1]) == 1.0
    assert precision_recall(scores, truth, 0.6) == (0.75, 0.75, 4)
    assert calibration_error(np.array([0.5, 0.5]), np.array([True, False])) == 0.0
    bins = reliability(np.array([0.9, 0.9, 0.1, 0.1]), np.array([True, False, False, False]))
    np.testing.assert_allclose(bins, [(0.5, 0.1, 0.0), (0.5, 0.9, 0.5)])
