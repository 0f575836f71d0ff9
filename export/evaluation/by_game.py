"""Calibration that survives a new game: chosen, and judged, on games that were left out of the fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.calibration import CategoryCalibration, Platt, PromisedSet, SharedScale
from consumer.tagging.scoring.probabilities import Evidence, judge, only_tested
from consumer.tagging.scoring.promised_sets import least_confidence
from consumer.tagging.scoring.publication import log_odds
from export.evaluation.calibrate import Form, Labelled, fit_with, forms_of, frequencies, game_weights, rounded

Array = NDArray[np.float64]
Folds = NDArray[np.intp]
# Of ten assets nine have the right tag in their set.
COVERAGE: Final = 0.9
_LEAST: Final = 1e-4
# A loss that is lower by less than this may as well be chance.
_WORTH_SAYING: Final = 0.99
_EVEN: Final = 0.5
# Log-odds of a tag without labels in a category that is not heard.
_UNHEARD: Final = -3.0


@dataclass(frozen=True, slots=True)
class CategoryFit:
    """A category fitted on all labels, and once for each fold without its labels; the form is the same."""

    whole: CategoryCalibration
    without: dict[int, CategoryCalibration]

    def of(self, fold: int) -> CategoryCalibration:
        """Return the fit that has not seen the images of this fold; the whole one if it has no labels."""
        return self.without.get(fold, self.whole)


@dataclass(frozen=True, slots=True)
class CategoryImages:
    """One category: the evidence of all images, the fold of each, and the labelled ones (positions `at`)."""

    seen: Evidence
    folds: Folds
    labelled: Labelled
    at: NDArray[np.intp]
    exclusive: bool

    def labelled_of(self, fold: int | None) -> Labelled:
        """Return the labelled images outside a fold; all of them for None."""
        return self.labelled if fold is None else self.labelled.of(self.folds[self.at] != fold)


def fit_by_game(images: CategoryImages, *, promises: bool) -> CategoryFit:
    """Fit a category in the form that loses least on folds left out; `promises`: sets of candidates too.

    It is off where even that loses more than saying the base rates of the other folds. Raises ValueError for labels of
    one fold alone.
    """
    folds = [int(fold) for fold in np.unique(images.folds[images.at])]
    if len(folds) < 2:
        raise ValueError("cross-fitting needs at least two folds: label more images, or more games")
    best, best_loss, best_fits = None, np.inf, dict[int, CategoryCalibration]()
    for form in forms_of(images.labelled.seen):
        fits = {fold: _fit(images, form, fold) for fold in folds}
        loss = log_loss(left_out(images, fits), images.labelled)
        if loss < best_loss - _LEAST:
            best, best_loss, best_fits = form, loss, fits
    if best is None:
        raise ValueError("no evidence speaks for the labelled tags of this category")
    rate_loss = min(log_loss(rates, images.labelled) for rates in (_rates_left_out(images), _one_rate_left_out(images)))
    found = {
        "off": best_loss > rate_loss * _WORTH_SAYING or _misleads(images, best_fits),
        "loss_by_game": round(best_loss, 5),
        "base_rate_loss_by_game": round(rate_loss, 5),
    }

    def finished(fitted: CategoryCalibration, fold: int | None) -> CategoryCalibration:
        if found["off"]:
            fitted = _unheard(fitted, images.labelled_of(fold), exclusive=images.exclusive)
        promised = _promised(images, best_fits, fold) if promises and not found["off"] else None
        rates = base_rates(images, fitted, fold)
        return fitted.model_copy(update={**found, "base_rates": rates, "promised": promised})

    return CategoryFit(
        finished(_fit(images, best, None), None), {fold: finished(fitted, fold) for fold, fitted in best_fits.items()}
    )


def unlabelled_fit(images: CategoryImages) -> CategoryFit:
    """Return what a category has that nobody labelled: base rates alone, which pictures give."""

    def fit(fold: int | None) -> CategoryCalibration:
        bare = CategoryCalibration(evidence="pixels")
        return bare.model_copy(update={"base_rates": base_rates(images, None, fold)})

    return CategoryFit(fit(None), {int(fold): fit(int(fold)) for fold in np.unique(images.folds)})


def left_out(images: CategoryImages, fits: dict[int, CategoryCalibration]) -> Array:
    """Return confidences [labelled, A] of each fold by the fit that has not seen it."""
    confidences = np.zeros(images.labelled.truth.shape)
    for fold, fitted in fits.items():
        inside = images.folds[images.at] == fold
        confidences[inside] = judge(images.labelled.seen.of(inside), exclusive=images.exclusive, fitted=fitted)
    return confidences


def log_loss(confidences: Array, labelled: Labelled) -> float:
    """Return the weighted mean negative log-likelihood of what is known."""
    bounded = np.clip(confidences, _LEAST, 1 - _LEAST)
    each = np.where(labelled.truth, np.log(bounded), np.log(1 - bounded))
    weights = labelled.known * labelled.weights[:, None]
    return float(-(each * weights).sum() / max(weights.sum(), 1e-9))


def base_rates(images: CategoryImages, fitted: CategoryCalibration | None, fold: int | None) -> dict[str, float]:
    """Return the mean confidence of each tag over all images outside a fold, labelled or not, each game alike."""
    chosen = np.ones(len(images.folds), np.bool_) if fold is None else images.folds != fold
    confidences = judge(images.seen.of(chosen), exclusive=images.exclusive, fitted=fitted)
    means = np.average(confidences, axis=0, weights=game_weights(images.folds[chosen]))
    return {name: round(float(mean), 5) for name, mean in zip(images.seen.names, means, strict=True)}


def _fit(images: CategoryImages, form: Form, fold: int | None) -> CategoryCalibration:
    return fit_with(images.labelled_of(fold), exclusive=images.exclusive, form=form)


def _rates_left_out(images: CategoryImages) -> Array:
    """Return for each labelled image how often each tag is true in the other folds, [labelled, A]."""
    rates = np.zeros(images.labelled.truth.shape)
    places = images.folds[images.at]
    for fold in np.unique(places):
        rates[places == fold] = frequencies(images.labelled.of(places != fold))
    return rates


def _one_rate_left_out(images: CategoryImages) -> Array:
    """Return the same for tags that are all as frequent: what other games say of one tag often misleads."""
    rates = np.zeros(images.labelled.truth.shape)
    places = images.folds[images.at]
    for fold in np.unique(places):
        rest = images.labelled.of(places != fold)
        weights = rest.known * rest.weights[:, None]
        rates[places == fold] = ((rest.truth * weights).sum() + 0.5) / (weights.sum() + 1)
    return rates


def surely_right(right: int, said: int) -> bool:
    """Tell whether more of what was `said` is right than wrong by a standard error: a few statements prove nothing."""
    share = right / said
    return share - math.sqrt(share * (1 - share) / said) >= _EVEN


def _misleads(images: CategoryImages, fits: dict[int, CategoryCalibration]) -> bool:
    """Tell whether tags said to be more likely than not may as well be wrong, on folds left out."""
    said = (left_out(images, fits) >= _EVEN) & images.labelled.known
    return bool(said.any()) and not surely_right(int(images.labelled.truth[said].sum()), int(said.sum()))


def _promised(images: CategoryImages, fits: dict[int, CategoryCalibration], fold: int | None) -> PromisedSet:
    """Fit the bound on true tags' confidences where their own game was left out."""
    confidences, places = left_out(images, fits), images.folds[images.at]
    right = np.where(images.labelled.truth, confidences, 0).max(axis=1)
    chosen = np.ones(len(right), np.bool_) if fold is None else places != fold
    bound = least_confidence(right[chosen], game_weights(places[chosen]), COVERAGE)
    return PromisedSet(coverage=COVERAGE, least_confidence=round(bound, 5))


def _unheard(fitted: CategoryCalibration, labelled: Labelled, *, exclusive: bool) -> CategoryCalibration:
    """Return a category in which every tag of the embedding has its base rate, and names alone can raise it."""
    silent = only_tested(labelled.seen)
    rates = dict(zip(labelled.seen.names, frequencies(labelled).tolist(), strict=True))
    if not exclusive:
        tags = {
            name: tested if alone else Platt(slope=0, pixels=0, bias=rounded(float(log_odds(np.array(rates[name])))))
            for (name, tested), alone in zip(fitted.tags.items(), silent.tolist(), strict=True)
        }
        return fitted.model_copy(update={"tags": tags, "default": Platt(slope=0, pixels=0, bias=_UNHEARD)})
    shared = fitted.shared or SharedScale(temperature=1, bias={}, background_bias=0)
    heard = [name for name, alone in zip(labelled.seen.names, silent.tolist(), strict=True) if not alone]
    total = sum(rates[name] for name in heard)
    bias = {name: rounded(np.log(rates[name] / max(total, 1.0))) for name in heard}
    rest = rounded(np.log(max(1 - total, 1e-3)))
    return fitted.model_copy(
        update={
            "shared": shared.model_copy(
                update={"clip": 0.0, "pixels": 0.0, "bias": shared.bias | bias, "background_bias": rest}
            )
        }
    )
