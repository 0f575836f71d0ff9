"""Fitted confidences mean something, also on images that were not fitted on."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from consumer.tagging.scoring.probabilities import Evidence, judge
from consumer.tagging.scoring.promised_sets import in_set
from export.evaluation.by_game import COVERAGE, CategoryFit, CategoryImages, fit_by_game, left_out, surely_right
from export.evaluation.calibrate import Form, Labelled, fit_with
from export.evaluation.figures import average_precision, calibration_error, precision_recall, reliability, top1

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


def labels(seen: Evidence, truth: NDArray[np.bool_], known: NDArray[np.bool_] | None = None) -> Labelled:
    return Labelled(seen, truth, np.ones_like(truth) if known is None else known, np.ones(len(truth)))


def of_games(labelled: Labelled, games: NDArray[np.intp], *, exclusive: bool) -> CategoryImages:
    alike = Labelled.of_games(labelled.seen, labelled.truth, labelled.known, games)
    return CategoryImages(labelled.seen, games, alike, np.arange(len(games)), exclusive)


def fitted_by_game(
    labelled: Labelled, games: NDArray[np.intp], *, exclusive: bool, promises: bool = False
) -> tuple[CategoryFit, CategoryImages]:
    images = of_games(labelled, games, exclusive=exclusive)
    return fit_by_game(images, promises=promises), images


def drawn_from(chances: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.bool_]:
    picked = np.array([rng.choice(chances.shape[1], p=row / row.sum()) for row in chances])
    return np.asarray(np.eye(chances.shape[1], dtype=bool)[picked])


@pytest.fixture(scope="module")
def overconfident() -> Labelled:
    """Similarities four times too sure of themselves, with truths drawn from the honest softmax."""
    rng = np.random.default_rng(3)
    honest = rng.normal(0, 1.5, (1200, 4))
    truth = drawn_from(np.exp(honest), rng)
    return labels(evidence(honest * 4), truth)


def test_the_fitted_temperature_undoes_overconfidence(overconfident: Labelled) -> None:
    fitted = fit_with(overconfident, exclusive=True, form=Form("clip"))
    assert fitted.shared is not None
    assert fitted.shared.temperature == pytest.approx(4, rel=0.15)
    confidences = judge(overconfident.seen, exclusive=True, fitted=fitted)
    assert calibration_error(confidences, overconfident.truth) < 0.02


def test_confidences_stay_calibrated_on_games_that_were_not_fitted_on(overconfident: Labelled) -> None:
    games = np.arange(len(overconfident.truth)) % 5
    fit, images = fitted_by_game(overconfident, games, exclusive=True)
    assert calibration_error(left_out(images, fit.without), overconfident.truth) < 0.03


def test_one_game_alone_cannot_judge_itself(overconfident: Labelled) -> None:
    with pytest.raises(ValueError, match="at least two folds"):
        fitted_by_game(overconfident, np.zeros(len(overconfident.truth), np.intp), exclusive=True)


def test_a_bias_that_is_one_games_habit_is_not_fitted() -> None:
    """Each game is full of another tag, so that the others' biases mislead it."""
    rng = np.random.default_rng(11)
    games = np.repeat(np.arange(4), 150)
    habit = np.eye(4)[games] * 3
    truth = drawn_from(np.exp(rng.normal(0, 1, (600, 4)) + habit), rng)
    seen = evidence(truth * 2 + rng.normal(0, 1, truth.shape), none=0.0)
    fit, _ = fitted_by_game(labels(seen, truth), games, exclusive=True)
    assert not fit.whole.own_biases
    assert fit.whole.shared is not None
    assert set(fit.whole.shared.bias.values()) == {0.0}


@pytest.mark.parametrize("exclusive", [True, False])
def test_an_embedding_that_tells_nothing_of_a_new_game_is_not_heard(exclusive: bool) -> None:
    """In each game the embedding points at another tag: what it tells of one is wrong for the next."""
    rng = np.random.default_rng(12)
    games = np.repeat(np.arange(4), 100)
    truth = drawn_from(np.ones((400, 4)), rng)
    turned = np.stack([np.roll(row, game) for row, game in zip(truth, games, strict=True)])
    fit, images = fitted_by_game(labels(evidence(turned * 6.0, none=0.0), truth), games, exclusive=exclusive)
    assert fit.whole.off
    confidences = judge(images.seen, exclusive=exclusive, fitted=fit.whole)
    assert np.ptp(confidences, axis=0).max() < 1e-6
    np.testing.assert_allclose(confidences.mean(axis=0), truth.mean(axis=0), atol=0.05)


@pytest.mark.parametrize(
    ("right", "said", "sure"), [(5, 9, False), (9, 9, True), (1, 1, True), (51, 100, False), (60, 100, True)]
)
def test_a_few_statements_more_right_than_wrong_prove_nothing(right: int, said: int, sure: bool) -> None:
    assert surely_right(right, said) is sure


def test_base_rates_are_the_mean_confidence_each_game_alike(overconfident: Labelled) -> None:
    fit, images = fitted_by_game(overconfident, np.arange(len(overconfident.truth)) % 5, exclusive=True)
    mean = judge(images.seen, exclusive=True, fitted=fit.whole).mean(axis=0)
    np.testing.assert_allclose(list(fit.whole.base_rates.values()), mean, atol=0.01)


def test_the_promised_set_holds_the_right_tag_as_often_as_it_says_on_games_left_out() -> None:
    rng = np.random.default_rng(13)
    honest = rng.normal(0, 1.5, (2000, 4))
    labelled = labels(evidence(honest), drawn_from(np.exp(honest), rng))
    games = rng.integers(0, 8, 2000)
    fit, images = fitted_by_game(labelled, games, exclusive=True, promises=True)
    held = []
    for game in range(8):
        inside = games == game
        promised = fit.of(game).promised
        assert promised is not None
        confidences = judge(images.seen.of(inside), exclusive=True, fitted=fit.of(game))
        held.append((in_set(confidences, promised.least_confidence) & labelled.truth[inside]).any(axis=1).mean())
    assert np.mean(held) == pytest.approx(COVERAGE, abs=0.02)


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
    fit, _ = fitted_by_game(labels(seen, truth), np.arange(len(truth)) % 4, exclusive=exclusive)
    assert telling in fit.whole.evidence
    right = judge(seen, exclusive=exclusive, fitted=fit.whole)
    assert calibration_error(right, truth) < 0.06


def test_a_tag_that_only_a_test_knows_is_decided_first_and_the_rest_shares_what_is_left() -> None:
    rng = np.random.default_rng(9)
    is_map = rng.random(500) < 0.3
    tests = np.full((500, 3), np.nan)
    tests[:, 2] = np.where(is_map, 0.95, 0.02)
    honest = rng.normal(0, 2, (500, 2))
    truth = np.column_stack([drawn_from(np.exp(honest), rng) & ~is_map[:, None], is_map])
    tags = np.column_stack([honest, np.full(500, np.nan)])
    labelled = labels(evidence(tags, tests, none=0.0), truth)
    confidences = judge(labelled.seen, exclusive=True, fitted=fit_with(labelled, exclusive=True, form=Form("clip")))
    assert confidences[is_map, 2].min() > 0.9
    assert confidences[~is_map, 2].max() < 0.1
    assert (confidences.sum(axis=1) <= 1 + 1e-9).all()


def test_a_tag_that_is_never_true_is_hardly_ever_said() -> None:
    rng = np.random.default_rng(5)
    margins = rng.normal(0, 3, (400, 2))
    truth = np.stack([rng.random(400) < 1 / (1 + np.exp(-margins[:, 0])), np.zeros(400, bool)], axis=1)
    labelled = labels(evidence(margins, none=0.0), truth)
    fitted = fit_with(labelled, exclusive=False, form=Form("clip"))
    confidences = judge(labelled.seen, exclusive=False, fitted=fitted)
    assert calibration_error(confidences[:, :1], truth[:, :1]) < 0.08
    assert confidences[:, 1].mean() < 0.05


def test_a_test_among_tags_of_the_embedding_keeps_what_it_says() -> None:
    rng = np.random.default_rng(10)
    margins, tests = rng.normal(0, 2, (300, 2)), np.full((300, 2), np.nan)
    margins[:, 1], tests[:, 1] = np.nan, rng.random(300)
    truth = np.column_stack([margins[:, 0] > 0, np.zeros(300, bool)])
    labelled = labels(evidence(margins, tests, none=0.0), truth)
    confidences = judge(labelled.seen, exclusive=False, fitted=fit_with(labelled, exclusive=False, form=Form("clip")))
    np.testing.assert_allclose(confidences[:, 1], tests[:, 1], atol=1e-3)


def test_what_nobody_can_judge_does_not_count() -> None:
    rng = np.random.default_rng(6)
    margins = rng.normal(0, 3, (400, 1))
    truth = margins > 0
    known = np.ones_like(truth)
    lies = truth.copy()
    known[:150], lies[:150] = False, ~truth[:150]
    honest = fit_with(labels(evidence(margins, none=0.0), truth, known), exclusive=False, form=Form("clip"))
    misled = fit_with(labels(evidence(margins, none=0.0), lies, known), exclusive=False, form=Form("clip"))
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
