"""Fit the linear models of the pixel tests on the training games' labels.

    python -m export.pixel_models --packages DIR

`--packages` holds the unpacked Debian packages of the manifest (`python -m export.mini` fetches them). Writes
consumer/tagging/pixels/pixel_models.json and prints how the models do on training games that were left out.
"""

from __future__ import annotations

import json
import zipfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.tagging.pixels.linear_models import _FARTHEST, _FILE
from consumer.tagging.pixels.pixel_view import PixelView
from consumer.tagging.pixels.statistics import NAMES, picture_statistics
from export.evaluation.calibrate import descend
from export.mini.manifest import Row, capped, read_manifest

# How often each role is met in game archives, as far as labelled games tell; the manifest itself is unbalanced.
ROLE_SHARES: Final = {"albedo": 0.42, "sprite": 0.25, "icon": 0.12, "atlas": 0.04, "normal_map": 0.09, "mask": 0.08}
_MOST_OF_A_KIND = 350
_SHRINKAGE = 0.02
Array = NDArray[np.float64]


@click.command()
@click.option("--packages", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--workers", type=int, default=2, show_default=True)
def main(packages: Path, workers: int) -> None:
    """Measure the pictures, fit the models, and write them."""
    rows = sample(capped(read_manifest(), 3))
    with ProcessPoolExecutor(workers) as pool:
        measured = list(pool.map(partial(_measured, packages), rows, chunksize=64))
    rows = [row for row, seen in zip(rows, measured, strict=True) if seen is not None]
    statistics = np.stack([seen for seen in measured if seen is not None]).astype(np.float64)
    kinds, games = [str(row.role) for row in rows], [row.game for row in rows]
    models = {"roles": fit(statistics, kinds, games, ROLE_SHARES)}
    click.echo(f"roles: {_left_out(statistics, kinds, games, ROLE_SHARES)}")
    _FILE.write_text(json.dumps({"statistics": NAMES, "models": models}) + "\n", encoding="utf-8")


def sample(rows: Sequence[Row]) -> list[Row]:
    """Return the labelled rows, at most so many of one game and role; sorted, so that archives stay open."""
    kinds: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row.role in ROLE_SHARES:
            kinds[row.game, row.role].append(row)
    rng = np.random.default_rng(0)
    kept = [kind[int(at)] for kind in kinds.values() for at in rng.permutation(len(kind))[:_MOST_OF_A_KIND]]
    return sorted(kept, key=lambda row: (row.package, row.path, row.member))


def fit(statistics: Array, kinds: Sequence[str], games: Sequence[str], shares: dict[str, float]) -> dict[str, object]:
    """Fit a softmax regression in which each kind weighs its share, and within one each game the root of its size."""
    mean, spread = statistics.mean(axis=0), statistics.std(axis=0) + 1e-3
    inputs = np.clip((statistics - mean) / spread, -_FARTHEST, _FARTHEST)
    classes = list(shares)
    target = np.array([[kind == name for name in classes] for kind in kinds], dtype=np.float64)
    counts = Counter(zip(kinds, games, strict=True))
    weights = np.array([counts[pair] ** -0.5 for pair in zip(kinds, games, strict=True)])
    for at, name in enumerate(classes):
        inside = target[:, at] > 0
        weights[inside] *= shares[name] / max(weights[inside].sum(), 1e-9)
    weights = weights / weights.sum()

    def gradient(values: Array) -> Array:
        matrix = values.reshape(len(classes), -1)
        logits = inputs @ matrix[:, :-1].T + matrix[:, -1]
        soft = np.exp(logits - logits.max(axis=1, keepdims=True))
        soft /= soft.sum(axis=1, keepdims=True)
        difference = (soft - target) * weights[:, None]
        slope = difference.T @ inputs + _SHRINKAGE * matrix[:, :-1] / len(classes)
        return np.concatenate([slope, difference.sum(axis=0)[:, None]], axis=1).ravel()

    fitted = descend(gradient, np.zeros(len(classes) * (inputs.shape[1] + 1)), 1, steps=500)
    matrix = fitted.reshape(len(classes), -1)
    return {
        "classes": classes,
        "mean": np.round(mean, 5).tolist(),
        "spread": np.round(spread, 5).tolist(),
        "weights": np.round(matrix[:, :-1], 4).tolist(),
        "bias": np.round(matrix[:, -1], 4).tolist(),
    }


def _left_out(statistics: Array, kinds: Sequence[str], games: Sequence[str], shares: dict[str, float]) -> str:
    """Tell precision and recall of each class on games that the fit did not see, five folds of games."""
    names, classes = sorted(set(games)), list(shares)
    folds = np.array([names.index(game) % 5 for game in games])
    guess, truth = np.zeros(len(kinds), int), np.array([classes.index(kind) for kind in kinds])
    for fold in range(5):
        inside = folds == fold
        model = fit(
            statistics[~inside],
            [kind for kind, out in zip(kinds, inside, strict=True) if not out],
            [game for game, out in zip(games, inside, strict=True) if not out],
            shares,
        )
        scaled = np.clip((statistics[inside] - model["mean"]) / np.array(model["spread"]), -_FARTHEST, _FARTHEST)
        guess[inside] = (scaled @ np.array(model["weights"]).T + model["bias"]).argmax(axis=1)
    parts = []
    for at, name in enumerate(classes):
        said, true = guess == at, truth == at
        right = int((said & true).sum())
        parts.append(f"{name} precision {right / max(1, said.sum()):.2f} recall {right / max(1, true.sum()):.2f}")
    return "; ".join(parts)


def _measured(packages: Path, row: Row) -> NDArray[np.float32] | None:
    path = packages / row.package / row.path
    try:
        data = _archive(path).read(row.member) if row.member else path.read_bytes()
        return picture_statistics(PixelView.of(decode(data, ImageLimits())))
    except (ImageRejectedError, OSError, KeyError, NotImplementedError, zipfile.BadZipFile):
        return None


@lru_cache(maxsize=64)
def _archive(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


if __name__ == "__main__":
    main()
