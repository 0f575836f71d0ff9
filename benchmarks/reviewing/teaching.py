"""What verdicts teach about a game that neither the model nor its calibration has seen; run by hand, it needs labels.

    python -m benchmarks.reviewing.teaching --labels labels.csv --images DIR --verdicts 100

Of so many textures of each game, and at most half of them, a person says which object type is right. The figures are of
all other textures of the game, before and after; games alike, over several draws. Equal images count
once. Names are evidence, as they are by default, where --names says so: labels that were made from paths flatter them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.support.figures import Figure, report
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.scoring.probabilities import judge
from consumer.tagging.scoring.promised_sets import in_set
from export.evaluation.by_game import fit_by_game
from export.evaluation.labels import truth_of
from export.evaluation.seen import Labels, see
from export.teaching.correct import corrected, fit_corrections
from export.teaching.judgements import Judgements

CATEGORY: Final = "object_types"
SURE: Final = 0.7
LEAST: Final = 60
DRAWS: Final = 20
# What each figure must gain at least by 100 verdicts; either of the first two would do.
GAINS: Final[dict[str, float | None]] = {
    "top1": 0.10,
    "precision": 0.05,
    "sure": None,
    "covered": None,
    "candidates": None,
}
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of the textures that nobody judged: share of first guesses that are right, and of tags of 0.7 and more.

    ``covered``: share whose `candidates` hold the right tag; ``candidates``: how many these are.
    """

    top1: float
    precision: float
    sure: int
    covered: float
    candidates: float

    @classmethod
    def of(cls, judged: Judgements, confidences: NDArray[np.float64], least_confidence: float) -> Outcome:
        sure = confidences >= SURE
        precision = float(judged.right[sure].mean()) if sure.any() else float("nan")
        first = judged.right[np.arange(len(confidences)), confidences.argmax(axis=1)]
        members = in_set(confidences, least_confidence)
        covered = (members & judged.right).any(axis=1).mean()
        return cls(float(first.mean()), precision, int(sure.sum()), float(covered), float(members.sum(axis=1).mean()))


Games = dict[str, list[Outcome]]


@click.command()
@click.option("--bundle", type=FOLDER, default=default_bundle_path())
@click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True, required=True)
@click.option("--images", type=FOLDER, required=True)
@click.option("--verdicts", type=int, default=100)
@click.option("--names", is_flag=True)
def main(bundle: Path, labels: tuple[Path, ...], images: Path, verdicts: int, *, names: bool) -> None:
    """Measure and report."""
    before: Games = {}
    after: Games = {}
    for game, judged, least in _games(bundle, Labels(labels, images), names=names):
        random = np.random.default_rng(1)
        for _ in range(DRAWS):
            drawn = random.permutation(len(judged.folds))
            said = np.zeros(len(drawn), np.bool_)
            said[drawn[: min(verdicts, len(drawn) // 2)]] = True
            rest = judged.of(~said)
            before.setdefault(game, []).append(Outcome.of(rest, rest.confidences, least))
            gained = fit_corrections(judged.of(said)).log_odds(rest.embeddings)
            after.setdefault(game, []).append(Outcome.of(rest, corrected(rest, gained), least))
        click.echo(f"{game}: {_told(before[game])}  →  {_told(after[game])}")
    report("teaching", _figures(before, after))


def _games(folder: Path, labels: Labels, *, names: bool) -> Iterator[tuple[str, Judgements, float]]:
    """Yield each game with enough textures, and the least confidence of its candidates."""
    seen = see(load_bundle(folder), labels, precision="auto")
    spec = seen.bundle.taxonomy.categories[CATEGORY]
    images = seen.category(CATEGORY)
    fits, truth = fit_by_game(images, promises=True), truth_of(seen.images, CATEGORY, spec)
    evidence = seen.evidence[CATEGORY] if names else images.seen
    games = sorted({image.game for image in seen.images})
    for number, game in enumerate(games):
        at = truth.images[images.folds[truth.images] == number]
        rows = np.isin(truth.images, at)
        if len(at) < LEAST:
            continue
        inside = np.isin(np.arange(len(seen.images)), at)
        judged = judge(evidence.of(inside), exclusive=True, fitted=fits.of(number))
        right = truth.tags[rows]
        _, once = np.unique(seen.embeddings[at], axis=0, return_index=True)
        taught = np.array([name in seen.bundle.vectors[CATEGORY].names for name in spec.tags])
        whole = Judgements(tuple(spec.tags), True, judged, seen.embeddings[at], right, ~right, taught, at)
        promised = fits.of(number).promised
        yield game, whole.of(np.isin(np.arange(len(at)), once)), promised.least_confidence if promised else 1.0


def _told(outcomes: list[Outcome]) -> str:
    top1, precision = np.array([one.top1 for one in outcomes]), np.array([one.precision for one in outcomes])
    return f"top1 {top1.mean():.3f} ± {top1.std():.3f}, at 0.7 {np.nanmean(precision):.3f} ± {np.nanstd(precision):.3f}"


def _figures(before: Games, after: Games) -> list[Figure]:
    """Return each figure of all games alike, and what it gained."""
    found = []
    for name, goal in GAINS.items():
        values = [float(np.mean([_mean(draws, name) for draws in games.values()])) for games in (before, after)]
        found += [Figure(f"before.{name}", values[0], "", None, "higher")]
        found += [Figure(f"after.{name}", values[1], "", None, "higher")]
        found += [Figure(f"gained.{name}", values[1] - values[0], "", goal, "higher")]
    return found


def _mean(draws: list[Outcome], name: str) -> float:
    return float(np.nanmean([getattr(one, name) for one in draws]))


if __name__ == "__main__":
    main()
