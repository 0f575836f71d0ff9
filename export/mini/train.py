"""Training of aegis-mini: captions against pictures, and every labelled picture against its category's tag prompts."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
import open_clip
import structlog
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from consumer.tagging.taxonomy import Taxonomy
from export.mini.captions import caption, labels
from export.mini.manifest import Row
from export.mini.model import MEAN, STD, tokenize
from export.mini.store import PixelStore
from export.mini.transform import Augment

CATEGORY_WEIGHTS: Final = {"object_types": 1.0, "art_styles": 0.3, "texture_roles": 0.3, "materials": 0.3}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to train; `stages` are (share of the steps, image size).

    Small pictures first: shapes are learned several times faster on them. `captions` of each batch get a sentence.
    """

    steps: int = 2000
    batch: int = 128
    captions: int = 64
    stages: tuple[tuple[float, int], ...] = ((0.55, 64), (0.45, 96))
    rate: float = 2e-3
    weight_decay: float = 0.05
    caption_weight: float = 0.4
    average: float = 0.998
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Material:
    """What is trained on: `rows` and `store` have the same order."""

    rows: Sequence[Row]
    store: PixelStore
    tokenizer: Tokenizer
    taxonomy: Taxonomy


@dataclass(frozen=True, slots=True)
class Batch:
    """`pixels` uint8 [N, S, S, 3], `tokens` int64 [C, T], `targets` float [N, tags] by category, all 0 if unknown."""

    pixels: Tensor
    tokens: Tensor
    targets: dict[str, Tensor]


def trained_tags(rows: Sequence[Row], taxonomy: Taxonomy) -> dict[str, list[str]]:
    """Return per category the tags that at least 20 rows carry; others cannot be learned and stay out of the loss."""
    counts: Counter[tuple[str, str]] = Counter(
        (category, tag) for row in rows for category, tags in labels(row).items() for tag in tags
    )
    return {
        category: [tag for tag in taxonomy.categories[category].tags if counts[category, tag] >= 20]
        for category in CATEGORY_WEIGHTS
    }


def sampling_weights(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Return probabilities: object types weigh the same; within one, games and groups by the root of their size."""
    types = [row.object_types[0] if row.object_types else "none" for row in rows]
    groups = Counter((kind, row.game, row.group) for kind, row in zip(types, rows, strict=True))
    weights = np.array([groups[kind, row.game, row.group] ** -0.5 for kind, row in zip(types, rows, strict=True)])
    totals: dict[str, float] = defaultdict(float)
    for kind, weight in zip(types, weights, strict=True):
        totals[kind] += float(weight)
    share = np.array([(0.5 if kind == "none" else 1.0) / totals[kind] for kind in types])
    weights *= share
    probabilities: NDArray[np.float64] = weights / weights.sum()
    return probabilities


class Batches(IterableDataset[Batch]):
    """Endless random batches."""

    def __init__(self, material: Material, plan: Plan, size: int) -> None:
        self.material, self.plan = material, plan
        self.augment = Augment(size)
        self.weights = sampling_weights(material.rows)
        self.tags = trained_tags(material.rows, material.taxonomy)

    def __iter__(self) -> Iterator[Batch]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.plan.seed, self.augment.size, worker.id if worker else 0))
        torch.set_num_threads(1)
        while True:
            picked = rng.choice(len(self.weights), self.plan.batch, p=self.weights)
            rows = [self.material.rows[index] for index in picked]
            pixels = np.stack([self.augment(self.material.store[int(index)], rng) for index in picked])
            tokens = tokenize(
                self.material.tokenizer,
                [caption(row, self.material.taxonomy, rng) for row in rows[: self.plan.captions]],
            )
            yield Batch(torch.from_numpy(pixels), tokens, self._targets(rows))

    def _targets(self, rows: list[Row]) -> dict[str, Tensor]:
        known = [labels(row) for row in rows]
        targets = {}
        for category, tags in self.tags.items():
            hits = torch.tensor([[float(tag in row.get(category, ())) for tag in tags] for row in known])
            targets[category] = hits / hits.sum(1, keepdim=True).clamp(min=1)
        return targets


def normalised(pixels: Tensor) -> Tensor:
    """Return float [N, 3, S, S] in the network's range, channels last in memory."""
    mean, std = torch.tensor(MEAN), torch.tensor(STD)
    return ((pixels.float() / 255 - mean) / std).permute(0, 3, 1, 2)


def loss_of(
    model: open_clip.CLIP, batch: Batch, prompts: dict[str, Tensor], plan: Plan
) -> tuple[Tensor, dict[str, float]]:
    """Return the weighted sum and each part. `prompts`: tokens per category, tags first, then background."""
    sizes = [len(batch.tokens), *(len(tokens) for tokens in prompts.values())]
    with torch.autocast("cpu", torch.bfloat16):
        image = model.encode_image(normalised(batch.pixels))
        text = model.encode_text(torch.cat([batch.tokens, *prompts.values()]))
    image, text = (functional.normalize(vectors.float(), dim=-1) for vectors in (image, text))
    captions, *tag_texts = torch.split(text, sizes)
    scale = model.logit_scale.exp().clamp(max=100)
    logits = scale * image[: len(captions)] @ captions.T
    same = (batch.tokens[:, None] == batch.tokens[None]).all(-1).float()
    same = same / same.sum(1, keepdim=True)
    parts = {"caption": (functional.cross_entropy(logits, same) + functional.cross_entropy(logits.T, same)) / 2}
    for category, tag_text in zip(prompts, tag_texts, strict=True):
        parts[category] = _tag_loss(scale * image @ tag_text.T, batch.targets[category])
    total = plan.caption_weight * parts["caption"]
    for category, weight in CATEGORY_WEIGHTS.items():
        total = total + weight * parts[category]
    return total, {name: part.item() for name, part in parts.items()}


def _tag_loss(logits: Tensor, targets: Tensor, smoothing: float = 0.1) -> Tensor:
    known = targets.sum(1) > 0
    if not known.any():
        return logits.sum() * 0
    padded = functional.pad(targets[known], (0, logits.shape[1] - targets.shape[1]))
    count = targets.shape[1]
    padded[:, :count] = padded[:, :count] * (1 - smoothing) + smoothing / count
    return functional.cross_entropy(logits[known], padded)


def random_prompts(material: Material, tags: dict[str, list[str]], rng: np.random.Generator) -> dict[str, Tensor]:
    """Return per category one random filled template of each tag and of two background prompts."""
    drawn = {}
    for category, names in tags.items():
        spec = material.taxonomy.categories[category]
        pools = [spec.texts_of(tag) for tag in names]
        backgrounds = spec.background_texts()
        pools += [backgrounds[int(index)] for index in rng.permutation(len(backgrounds))[:2]]
        drawn[category] = tokenize(material.tokenizer, [pool[int(rng.integers(0, len(pool)))] for pool in pools])
    return drawn


def train(
    model: open_clip.CLIP, material: Material, plan: Plan, on_checkpoint: Callable[[open_clip.CLIP, int], None]
) -> open_clip.CLIP:
    """Train `model` in place and return its weight average, which is the better one on unseen games.

    `on_checkpoint` gets the average every 200 steps.
    """
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    model.to(memory_format=torch.channels_last)
    model.train()
    optimizer, average, tags = (
        _optimizer(model, plan),
        deepcopy(model).eval(),
        trained_tags(material.rows, material.taxonomy),
    )
    started = time.monotonic()
    for step, batch in enumerate(_staged(material, plan), start=1):
        _set_rates(optimizer, plan, step)
        total, parts = loss_of(model, batch, random_prompts(material, tags, rng), plan)
        optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        _update_average(average, model, min(plan.average, (1 + step) / (10 + step)))
        if step % 50 == 0:
            rounded = {name: round(value, 3) for name, value in parts.items()}
            log.info("trained", step=step, of=plan.steps, seconds=round(time.monotonic() - started), **rounded)
        if step % 200 == 0 or step == plan.steps:
            on_checkpoint(average, step)
    return average


def _staged(material: Material, plan: Plan) -> Iterator[Batch]:
    done, end = 0, 0.0
    for share, size in plan.stages:
        end += share
        count = round(plan.steps * end) - done
        batches = Batches(material, plan, size)
        yield from islice(DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=4), count)
        done += count


def _optimizer(model: open_clip.CLIP, plan: Plan) -> torch.optim.Optimizer:
    groups = [
        {
            "params": [parameter for parameter in model.parameters() if (parameter.ndim > 1) == decayed],
            "weight_decay": plan.weight_decay if decayed else 0.0,
        }
        for decayed in (True, False)
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98))


def _set_rates(optimizer: torch.optim.Optimizer, plan: Plan, step: int) -> None:
    """Warm up over 100 steps, then fall to a fiftieth along a half cosine."""
    progress = step / plan.steps
    factor = min(1.0, step / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
    for group in optimizer.param_groups:
        group["lr"] = plan.rate * factor


@torch.no_grad()
def _update_average(average: open_clip.CLIP, model: open_clip.CLIP, keep: float) -> None:
    for mean, value in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(value, 1 - keep)
    # The text tower's only buffer is its mask of infinities, of which an average would be nan.
    for mean, value in zip(average.visual.buffers(), model.visual.buffers(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - keep)
        else:
            mean.copy_(value)
