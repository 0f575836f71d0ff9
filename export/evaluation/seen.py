"""Labels, and what a bundle makes of their images: the evidence that calibration and evaluation start from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.manifest import Precision
from consumer.tagging.bundle.name_patterns import AssetNames
from consumer.tagging.inference.embed import open_embedder
from consumer.tagging.inference.precision import Wanted
from consumer.tagging.own_tags import hear_prompts
from consumer.tagging.scoring.probabilities import Evidence
from consumer.tagging.scoring.scorer import Scorer
from export.evaluation.by_game import CategoryImages
from export.evaluation.calibrate import Labelled
from export.evaluation.labels import LabelledImage, read_labels, truth_of
from export.evaluation.served import serve

# Where labels are of one game, parts of its images are left out instead.
_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class Labels:
    """Where the truth is: tables (see `read_labels`) and the folder of the images that they name."""

    tables: tuple[Path, ...]
    images: Path

    @property
    def sha256(self) -> str:
        return hashlib.sha256(b"".join(path.read_bytes() for path in self.tables)).hexdigest()


@dataclass(frozen=True, slots=True)
class Seen:
    """A bundle and what it makes of labelled images: by category the evidence of all of them, in their order.

    The evidence has what names say too; whoever asks for the picture alone drops it.
    """

    bundle: Bundle
    precision: Precision
    images: list[LabelledImage]
    evidence: dict[str, Evidence]
    embeddings: NDArray[np.float32]

    def category(self, category: str) -> CategoryImages:
        """Return a category's images without their names; folds are games where labels are of several."""
        spec = self.bundle.taxonomy.categories[category]
        truth = truth_of(self.images, category, spec)
        chosen = np.zeros(len(self.images), dtype=np.bool_)
        chosen[truth.images] = True
        folds = self.folds(truth.images)
        seen = self.evidence[category].without_words()
        labelled = Labelled.of_games(seen.of(chosen), truth.tags, truth.known, folds[truth.images])
        return CategoryImages(seen, folds, labelled, truth.images, spec.exclusive)

    def folds(self, labelled: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the fold of every image: its game; a part by its file's name where `labelled` are of one game."""
        if len({self.images[at].game for at in labelled}) > 1:
            games = sorted({image.game for image in self.images})
            return np.array([games.index(image.game) for image in self.images], dtype=np.intp)
        return np.array([_part(image.file) for image in self.images], dtype=np.intp)


def hear_labelled(bundle: Bundle, labels: Labels) -> Bundle:
    """Return the bundle that hears, of its own tags, those that labels give to an image; raises LabelsError."""
    images = read_labels(labels.tables, {category for category, _ in bundle.own}) if bundle.own else []
    named = {(category, tag) for image in images for category, tags in image.truths.items() for tag in tags}
    return hear_prompts(bundle, frozenset(named))


def see(bundle: Bundle, labels: Labels, *, precision: Wanted) -> Seen:
    """Run the labelled images through the served path."""
    images = read_labels(labels.tables, bundle.taxonomy.categories)
    embedder = open_embedder(bundle, precision)
    served = serve(bundle, embedder, [labels.images / image.file for image in images])
    scorer = Scorer(bundle)
    rows = [
        scorer.evidence(embedding, tests, AssetNames.of([image.source_path]))
        for embedding, tests, image in zip(served.embeddings, served.evidence, images, strict=True)
    ]
    evidence = {category: _stacked([row[category] for row in rows]) for category in bundle.taxonomy.categories}
    return Seen(bundle, embedder.precision, images, evidence, served.embeddings)


def _stacked(rows: Sequence[Evidence]) -> Evidence:
    parts = ("tags", "background", "pixels", "words") + (("taught",) if rows[0].taught is not None else ())
    return Evidence(rows[0].names, *(np.concatenate([getattr(row, part) for row in rows]) for part in parts))


def _part(file: str) -> int:
    return int(hashlib.sha256(file.encode()).hexdigest(), 16) % _PARTS
