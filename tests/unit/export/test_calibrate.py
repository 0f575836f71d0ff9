from __future__ import annotations

import numpy as np
import pytest

from export.calibrate import Similarities, apply, cross_fitted, fit_exclusive, fit_independent
from export.figures import average_precision, calibration_error, precision_recall, top1


@pytest.fixture
def overconfident() -> tuple[Similarities, np.ndarray[tuple[int, int], np.dtype[np.bool_]]]:
    """Similarities four times too sure of themselves, with truths drawn from the honest softmax."""
    rng = np.random.default_rng(3)
    honest = rng.normal(0, 1.5, (1500, 4))
    chances = np.exp(honest) / np.exp(honest).sum(1, keepdims=True)
    drawn = np.array([rng.choice(4, p=row) for row in chances])
    seen = Similarities(("a", "b", "c", "d"), honest * 4, np.full((1500, 1), -40.0))
    return seen, np.eye(4, dtype=bool)[drawn]


def test_the_fitted_temperature_undoes_overconfidence(
    overconfident: tuple[Similarities, np.ndarray[tuple[int, int], np.dtype[np.bool_]]],
) -> None:
    seen, truth = overconfident
    fitted = fit_exclusive(seen, truth)
    assert fitted.shared is not None
    assert fitted.shared.temperature == pytest.approx(4, rel=0.15)
    assert calibration_error(apply(fitted, seen), truth) < 0.02


def test_cross_fitted_confidences_stay_calibrated_on_images_that_were_not_fitted_on(
    overconfident: tuple[Similarities, np.ndarray[tuple[int, int], np.dtype[np.bool_]]],
) -> None:
    seen, truth = overconfident
    crossed = cross_fitted(fit_exclusive, seen, truth, np.arange(len(truth)) % 5)
    assert calibration_error(crossed, truth) < 0.03


def test_a_tag_that_is_never_true_is_hardly_ever_said() -> None:
    rng = np.random.default_rng(5)
    margins = rng.normal(0, 3, (400, 2))
    truth = np.stack([rng.random(400) < 1 / (1 + np.exp(-margins[:, 0])), np.zeros(400, bool)], axis=1)
    seen = Similarities(("real", "never"), margins, np.zeros((400, 1)))
    confidences = apply(fit_independent(seen, truth), seen)
    assert calibration_error(confidences[:, :1], truth[:, :1]) < 0.08
    assert confidences[:, 1].mean() < 0.05


def test_figures_of_a_small_case_worked_by_hand() -> None:
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
    truth = np.array([[True, False], [False, True], [False, True], [True, False]])
    assert top1(scores, truth) == 0.75
    assert average_precision(scores[:, 0], truth[:, 0]) == 1.0
    assert average_precision(scores[:, 1], truth[:, 1]) == 1.0
    assert precision_recall(scores, truth, 0.6) == (0.75, 0.75, 4)
    assert calibration_error(np.array([0.5, 0.5]), np.array([True, False])) == 0.0
