"""Which images a batch is drawn from, and what is known of them: balanced by object type, game and family."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from consumer.tagging.bundle.taxonomy import Taxonomy
from export.mini.captions import caption, labels, path_words
from export.mini.colours import Recolour
from export.mini.manifest import Row
from export.mini.model import Texts
from export.mini.store import PixelStore
from export.mini.transform import View, as_icon

CATEGORIES: Final = ("object_types", "art_styles", "texture_roles", "materials")
# Share of images without an object type, each object type counting 1.
_SHARE_ROLE_ONLY: Final = 0.4
_SHARE_UNLABELLED: Final = 0.4
# Normal maps and masks show little of the object that they belong to.
_WEIGHT_DATA_MAP: Final = 0.3
# Share of drawings shown as small as icons. What a texture is for shows in its size, so that those teach no role.
_SHARE_SHRUNK: Final = 0.3
_ROLES: Final = "texture_roles"


@dataclass(frozen=True, slots=True)
class Material:
    """What is trained on: `rows` and `store` have the same order."""

    rows: Sequence[Row]
    store: PixelStore
    texts: Texts
    taxonomy: Taxonomy


@dataclass(frozen=True, slots=True)
class Batch:
    """`pixels` uint8 [N, S, S, 3], `captions` of the first images, `targets` and `words` float [N, *].

    Rows of `targets` (per category) and of `words` add up to 1, or are all 0 where nothing is known. `shrunk`, bool
    [N]: the drawing was made smaller than its game shows it.
    """

    pixels: Tensor
    captions: list[str]
    targets: dict[str, Tensor]
    words: Tensor
    shrunk: Tensor


def trained_tags(rows: Sequence[Row], taxonomy: Taxonomy) -> dict[str, list[str]]:
    """Return per category the tags that at least 20 rows carry; others cannot be learned and stay out of the loss."""
    counts: Counter[tuple[str, str]] = Counter(
        (category, tag) for row in rows for category, tags in labels(row).items() for tag in tags
    )
    return {
        category: [tag for tag in taxonomy.categories[category].tags if counts[category, tag] >= 20]
        for category in CATEGORIES
    }


def shared_words(rows: Sequence[Row]) -> list[str]:
    """Return, sorted, the path words that at least 6 rows of at least 2 games have: what they mean is no game's own."""
    counts: Counter[str] = Counter()
    games = defaultdict(set)
    for row in rows:
        for word in path_words(row):
            counts[word] += 1
            games[word].add(row.game)
    return sorted(word for word, count in counts.items() if count >= 6 and len(games[word]) >= 2)


def sampling_weights(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Return probabilities: object types weigh the same; within one, games and families by the root of their size."""
    kinds = [_kind(row) for row in rows]
    games = Counter((kind, row.game) for kind, row in zip(kinds, rows, strict=True))
    families = Counter(row.family for row in rows)
    weights = np.array(
        [
            (games[kind, row.game] * families[row.family]) ** -0.5
            * (_WEIGHT_DATA_MAP if row.object_types and row.role in {"mask", "normal_map"} else 1.0)
            for kind, row in zip(kinds, rows, strict=True)
        ]
    )
    totals: dict[str, float] = defaultdict(float)
    for kind, weight in zip(kinds, weights, strict=True):
        totals[kind] += float(weight)
    shares = {"role only": _SHARE_ROLE_ONLY, "unlabelled": _SHARE_UNLABELLED}
    weights *= np.array([shares.get(kind, 1.0) / totals[kind] for kind in kinds])
    probabilities: NDArray[np.float64] = weights / weights.sum()
    return probabilities


def _kind(row: Row) -> str:
    if row.object_types:
        return row.object_types[0]
    return "role only" if row.role or row.art_styles else "unlabelled"


class Batches(IterableDataset[Batch]):
    """Endless random batches of `size` pixels a side."""

    def __init__(  # noqa: PLR0917 - what a batch is, in one place
        self,
        material: Material,
        size: int,
        count: int,
        captions: int,
        seed: int,
        shrunk: float = _SHARE_SHRUNK,
    ) -> None:
        self.material, self.count, self.captions, self.seed, self.shrunk = material, count, captions, seed, shrunk
        self.view, self.recolour = View(size), Recolour()
        self.weights = sampling_weights(material.rows)
        self.tags = trained_tags(material.rows, material.taxonomy)
        self.words = shared_words(material.rows)

    def __iter__(self) -> Iterator[Batch]:
        rng = np.random.default_rng((self.seed, self.view.size))
        torch.set_num_threads(1)
        store, taxonomy = self.material.store, self.material.taxonomy
        while True:
            picked = rng.choice(len(self.weights), self.count, p=self.weights)
            rows = [self.material.rows[at] for at in picked]
            drawings = [store[int(at)] for at in picked]
            shown = [as_icon(one, rng) if rng.random() < self.shrunk else one for one in drawings]
            shrunk = [small is not whole for small, whole in zip(shown, drawings, strict=True)]
            squares = np.stack([self.view(one, rng) for one in shown])
            yield Batch(
                pixels=torch.from_numpy(self.recolour(squares, rng)),
                captions=[caption(row, taxonomy, rng) for row in rows[: self.captions]],
                targets=self._targets(rows, shrunk),
                words=_shares([path_words(row) for row in rows], self.words),
                shrunk=torch.tensor(shrunk),
            )

    def _targets(self, rows: list[Row], shrunk: Sequence[bool]) -> dict[str, Tensor]:
        labels_by_row = [labels(row) for row in rows]
        for small, row in zip(shrunk, labels_by_row, strict=True):
            if small:
                row.pop(_ROLES, None)
        return {
            category: _shares([row.get(category, ()) for row in labels_by_row], tags)
            for category, tags in self.tags.items()
        }


def _shares(having: Sequence[Sequence[str]], names: Sequence[str]) -> Tensor:
    hits = torch.tensor([[float(name in has) for name in names] for has in having])
    return hits / hits.sum(1, keepdim=True).clamp(min=1)
