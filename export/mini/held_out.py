"""How well a network names the object types of games that it was not trained on: the figure every choice is made by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from consumer.tagging.bundle.taxonomy import Category
from export.mini.manifest import Row
from export.mini.model import ImageTower, normalised
from export.mini.sampling import Material
from export.mini.transform import served


@dataclass(frozen=True, slots=True)
class HeldOut:
    """`top1` over all images; `balanced`: the mean over object types of their own top-1."""

    images: int
    top1: float
    balanced: float
    by_type: dict[str, float]
    by_game: dict[str, float]


def measured_positions(rows: Sequence[Row], games: set[str], per_cell: int = 24, seed: int = 0) -> list[int]:
    """Return positions of up to `per_cell` images of each object type of each game of `games`, one of a family.

    Normal maps and masks are left out: what they belong to can hardly be seen.
    """
    cells: dict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
    families = set()
    for at in np.random.default_rng(seed).permutation(len(rows)).tolist():
        row = rows[at]
        wanted = row.game in games and row.object_types and row.role not in {"mask", "normal_map"}
        cell = cells[row.game, row.object_types] if wanted else None
        if cell is not None and row.family not in families and len(cell) < per_cell:
            families.add(row.family)
            cell.append(at)
    return [at for cell in cells.values() for at in cell]


@torch.no_grad()
def measure(model: ImageTower, material: Material, positions: Sequence[int], size: int) -> HeldOut:
    """Return how often the nearest object type (mean of all its prompts) is right, on pictures of `size` as served."""
    model.eval()
    spec = material.taxonomy.categories["object_types"]
    names = list(spec.tags)
    images = [_embedded(model, material, positions[at : at + 32], size) for at in range(0, len(positions), 32)]
    chosen = (torch.cat(images) @ _tag_vectors(material, spec).T).argmax(dim=1).tolist()
    rows = [material.rows[at] for at in positions]
    hits = np.array([names[tag] in row.object_types for tag, row in zip(chosen, rows, strict=True)])
    by_type = _means(hits, [row.object_types[0] for row in rows])
    return HeldOut(
        images=len(rows),
        top1=float(hits.mean()),
        balanced=float(np.mean(list(by_type.values()))),
        by_type=by_type,
        by_game=_means(hits, [row.game for row in rows]),
    )


def _embedded(model: ImageTower, material: Material, positions: Sequence[int], size: int) -> Tensor:
    pixels = np.stack([served(material.store[at], size) for at in positions])
    return functional.normalize(model.encode_image(normalised(torch.from_numpy(pixels))), dim=-1)


def _tag_vectors(material: Material, spec: Category) -> Tensor:
    each = [material.texts(list(spec.texts_of(tag))).mean(dim=0) for tag in spec.tags]
    return functional.normalize(torch.stack(each), dim=-1)


def _means(hits: NDArray[np.bool_], keys: Sequence[str]) -> dict[str, float]:
    groups: dict[str, list[bool]] = defaultdict(list)
    for hit, key in zip(hits.tolist(), keys, strict=True):
        groups[key].append(hit)
    return {key: round(float(np.mean(group)), 3) for key, group in sorted(groups.items())}
