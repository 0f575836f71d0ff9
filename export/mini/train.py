"""Training of aegis-mini: captions against pictures, every labelled picture against its category's tag prompts.

A third head, thrown away afterwards, guesses the words of the picture's path.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import open_clip
import structlog
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from export.mini.model import normalised, tokenize
from export.mini.muon import Muon, multiplies_bfloat16
from export.mini.sampling import Batch, Batches, Material, shared_words, trained_tags

CATEGORY_WEIGHTS: Final = {"object_types": 1.0, "art_styles": 0.3, "texture_roles": 0.3, "materials": 0.3}
_CHECKPOINT_EVERY: Final = 100
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to train; `stages` are (end as a share of the steps, image size).

    Small pictures first: shapes are learned several times faster on them. `captions` of each batch get a sentence.
    The rates are held for the share `held` of the steps, then fall along a half cosine.
    """

    steps: int = 2600
    batch: int = 128
    captions: int = 40
    stages: tuple[tuple[float, int], ...] = ((0.5, 64), (1.0, 96))
    held: float = 0.35
    rate: float = 2e-3
    muon_rate: float = 0.02
    weight_decay: float = 0.05
    caption_weight: float = 0.4
    word_weight: float = 0.3
    average: float = 0.998
    seed: int = 1

    def size_at(self, step: int) -> int:
        """Return the image size of the step (from 1)."""
        return next(size for end, size in self.stages if step <= round(end * self.steps))

    def factor_at(self, step: int) -> float:
        """Return what the rates are multiplied by: up over 100 steps, held, then down to a fiftieth."""
        fallen = max(0.0, step / self.steps - self.held) / (1 - self.held)
        return min(1.0, step / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fallen)))


class Trainer:
    """The network, its running average (the better one on unseen games), optimisers, and how far they have come."""

    def __init__(self, model: open_clip.CLIP, material: Material, plan: Plan) -> None:
        torch.manual_seed(plan.seed)
        self.material, self.plan, self.step = material, plan, 0
        self.tags = trained_tags(material.rows, material.taxonomy)
        self.model = model.to(memory_format=torch.channels_last)
        self.average = deepcopy(model).eval()
        words = shared_words(material.rows)
        self.word_head = nn.Linear(model.visual.trunk.num_features, len(words))
        self.optimisers = _optimisers(model, self.word_head, plan)
        self._parts = {
            "model": self.model,
            "average": self.average,
            "word_head": self.word_head,
            **{f"optimiser{at}": one for at, one in enumerate(self.optimisers)},
        }

    def save(self, path: Path) -> None:
        """Write all that is needed to go on; a broken write leaves the old file."""
        state: dict[str, Any] = {name: part.state_dict() for name, part in self._parts.items()}
        part = path.with_suffix(".part")
        torch.save({"step": self.step, **state}, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote."""
        state = torch.load(path, weights_only=True)
        self.step = int(state["step"])
        for name, part in self._parts.items():
            part.load_state_dict(state[name])

    def run(self, checkpoint: Path | None = None) -> open_clip.CLIP:
        """Train to the end of the plan, from `checkpoint` on where it exists; return the average."""
        if checkpoint is not None and checkpoint.exists():
            self.load(checkpoint)
        started = time.monotonic()
        while self.step < self.plan.steps:
            for batch in self._batches():
                self.step += 1
                losses = self._learn(batch)
                if self.step % _CHECKPOINT_EVERY == 0 or self.step == self.plan.steps:
                    seconds = round(time.monotonic() - started)
                    log.info("trained", step=self.step, of=self.plan.steps, seconds=seconds, **losses)
                    if checkpoint is not None:
                        self.save(checkpoint)
        return self.average

    def _batches(self) -> Iterator[Batch]:
        """Yield the batches of the steps that are left of this stage."""
        plan, size = self.plan, self.plan.size_at(self.step + 1)
        batches = Batches(self.material, size, plan.batch, plan.captions, plan.seed + self.step)
        loader = iter(DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=4))
        while self.step < plan.steps and plan.size_at(self.step + 1) == size:
            yield next(loader)

    def _learn(self, batch: Batch) -> dict[str, float]:
        factor = self.plan.factor_at(self.step)
        for optimiser, rate in zip(self.optimisers, (self.plan.rate, self.plan.muon_rate), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor
        self.model.train()
        prompts = random_prompts(self.material, self.tags, np.random.default_rng((self.plan.seed, self.step)))
        losses = losses_of(self.model, self.word_head, batch, prompts)
        weights = {**CATEGORY_WEIGHTS, "caption": self.plan.caption_weight, "word": self.plan.word_weight}
        total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
        for optimiser in self.optimisers:
            optimiser.step()
        _update_average(self.average, self.model, min(self.plan.average, (1 + self.step) / (10 + self.step)))
        return {name: round(loss.item(), 3) for name, loss in losses.items()}


def losses_of(
    model: open_clip.CLIP, word_head: nn.Module, batch: Batch, prompts: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Return the loss of the captions, of the words and of each category.

    `prompts`: tokens per category, those of its tags first, then background.
    """
    sizes = [len(batch.tokens), *(len(tokens) for tokens in prompts.values())]
    with torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bfloat16()):
        features = model.visual.trunk(normalised(batch.pixels))
        image = model.visual.head(features)
        text = model.encode_text(torch.cat([batch.tokens, *prompts.values()]))
        words = word_head(features)
    image, text = (functional.normalize(vectors.float(), dim=-1) for vectors in (image, text))
    captions, *tag_texts = torch.split(text, sizes)
    scale = model.logit_scale.exp().clamp(max=100)
    logits = scale * image[: len(captions)] @ captions.T
    same = (batch.tokens[:, None] == batch.tokens[None]).all(-1).float()
    same = same / same.sum(1, keepdim=True)
    losses = {
        "caption": (functional.cross_entropy(logits, same) + functional.cross_entropy(logits.T, same)) / 2,
        "word": _known_loss(words.float(), batch.words),
    }
    for category, tag_text in zip(prompts, tag_texts, strict=True):
        targets = batch.targets[category]
        losses[category] = _known_loss(scale * image @ tag_text.T, targets, smoothing=0.1)
    return losses


def _known_loss(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the cross entropy of the rows with a target; logits beyond the targets' columns belong to no tag."""
    known = targets.sum(1) > 0
    if not known.any():
        return logits.sum() * 0
    count = targets.shape[1]
    smoothed = targets[known] * (1 - smoothing) + smoothing / count
    return functional.cross_entropy(logits[known], functional.pad(smoothed, (0, logits.shape[1] - count)))


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


def _optimisers(model: open_clip.CLIP, word_head: nn.Module, plan: Plan) -> tuple[torch.optim.Optimizer, Muon]:
    """Muon for the convolutions but the first, AdamW for all else."""
    convolutions = [weight for weight in model.visual.trunk.parameters() if weight.ndim == 4 and weight.shape[1] > 3]
    taken = {id(weight) for weight in convolutions}
    others = [weight for weight in (*model.parameters(), *word_head.parameters()) if id(weight) not in taken]
    groups = [
        {
            "params": [weight for weight in others if (weight.ndim > 1) == decayed],
            "weight_decay": plan.weight_decay if decayed else 0.0,
        }
        for decayed in (True, False)
    ]
    adam = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)
    return adam, Muon(convolutions, rate=0.0, decay=plan.weight_decay)


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
