"""Training of aegis-mini: captions against pictures, every labelled picture against its category's tag prompts.

A third head, thrown away afterwards, guesses the words of the picture's path.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from export.mini.captions import random_prompts
from export.mini.model import ImageTower, Teacher, multiplies_bfloat16, normalised
from export.mini.plan import TrainingPlan, falling
from export.mini.sampling import Batch, Batches, Material, shared_words, trained_tags

CATEGORY_WEIGHTS: Final = {"object_types": 1.0, "art_styles": 0.3, "texture_roles": 1.0, "materials": 0.3}
# How much the judgement of the tower that ships counts beside the labels.
KEPT_WEIGHTS: Final = {"object_types": 0.5, "texture_roles": 1.5}
_CHECKPOINT_EVERY: Final = 50
# Captions that say the same are no mistake for each other.
_SAME_COSINE: Final = 0.999
log = structlog.get_logger(__name__)


class Trainer:
    """The network, its running average, what it was before the trunk moved, the optimiser, and how far they are."""

    def __init__(self, model: ImageTower, material: Material, plan: TrainingPlan, teacher: Teacher) -> None:
        """`teacher` looks at what `model` looks at, for the text tower of `material`."""
        torch.manual_seed(plan.seed)
        self.material, self.plan, self.step, self.teacher = material, plan, 0, teacher
        self.tags = trained_tags(material.rows, material.taxonomy)
        self.model = model.to(memory_format=torch.channels_last)
        self.average = deepcopy(model).eval()
        self.start = deepcopy(self.average)
        words = shared_words(material.rows)
        self.word_head = nn.Linear(model.visual.trunk.num_features, len(words))
        self.optimiser = _optimiser(model, self.word_head, plan)
        self._parts: dict[str, Any] = {
            "model": self.model,
            "average": self.average,
            "start": self.start,
            "word_head": self.word_head,
            "optimiser": self.optimiser,
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

    def run(self, checkpoint: Path | None = None) -> ImageTower:
        """Train to the end of the plan, from `checkpoint` on where it exists; return what comes out."""
        if checkpoint is not None and checkpoint.exists():
            self.load(checkpoint)
        else:
            self._fit_heads()
            if checkpoint is not None:
                self.save(checkpoint)
        started = time.monotonic()
        for batch in self._batches():
            self.step += 1
            losses = self._learn(batch)
            if self.step % _CHECKPOINT_EVERY == 0 or self.step == self.plan.steps:
                seconds = round(time.monotonic() - started)
                log.info("trained", step=self.step, of=self.plan.steps, seconds=seconds, **losses)
                if checkpoint is not None:
                    self.save(checkpoint)
        return mixed(self.start, self.average, self.plan.mixed)

    def _fit_heads(self) -> None:
        """Fit projection and word head to the features that the pretrained trunk gives of random views."""
        plan = self.plan
        loader = iter(self._loader(plan.size, plan.head_batch, plan.head_batch))
        seen = [next(loader) for _ in range(-(-plan.head_images // plan.head_batch))]
        self.model.eval()
        # Quick, and precise enough where nothing is learned from the gradients.
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bfloat16()):
            features = [
                torch.cat([self.model.visual.trunk(normalised(part)).float() for part in batch.pixels.split(32)])
                for batch in seen
            ]
        rng = np.random.default_rng(plan.seed)
        taught = [self.teacher(batch.pixels) for batch in seen]
        for step in range(1, plan.head_steps + 1):
            at = int(rng.integers(0, len(seen)))
            self.model.visual.head.train()
            factor = min(1.0, step / 40) * falling(step / plan.head_steps, 0.5)
            losses = self._move(features[at], seen[at], taught[at], 2 * factor, trunk=False, rng=rng)
        log.info("fitted heads", images=len(seen) * plan.head_batch, **losses)
        for network in (self.average, self.start):
            network.load_state_dict(self.model.state_dict())

    def _loader(self, size: int, count: int, captions: int) -> DataLoader[Batch]:
        batches = Batches(self.material, size, count, captions, self.plan.seed + self.step)
        return DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=4)

    def _batches(self) -> Iterator[Batch]:
        """Yield the batches of the steps that are left."""
        plan = self.plan
        while self.step < plan.steps:
            size = plan.size_at(self.step + 1)
            loader = iter(self._loader(size, plan.batch, min(plan.captions, plan.batch)))
            while self.step < plan.steps and plan.size_at(self.step + 1) == size:
                yield next(loader)

    def _learn(self, batch: Batch) -> dict[str, float]:
        self.model.train()
        features = self.model.visual.trunk(normalised(batch.pixels))
        rng = np.random.default_rng((self.plan.seed, self.step))
        factor, taught = self.plan.factor_at(self.step), self.teacher(batch.pixels)
        losses = self._move(features, batch, taught, factor, trunk=True, rng=rng)
        _update_average(self.average, self.model, min(self.plan.average, (1 + self.step) / (10 + self.step)))
        return losses

    def _move(
        self,
        features: Tensor,
        batch: Batch,
        taught: Tensor,
        factor: float,
        *,
        trunk: bool,
        rng: np.random.Generator,
    ) -> dict[str, float]:
        """Take one step down the losses of `features`; the trunk moves only if it `trunk`."""
        plan = self.plan
        for group in self.optimiser.param_groups:
            group["lr"] = factor * (plan.trunk_rate * trunk if group["trunk"] else plan.rate)
        prompts = {
            category: self.material.texts(texts)
            for category, texts in random_prompts(self.material.taxonomy, self.tags, rng).items()
        }
        captions = self.material.texts(batch.captions)
        judged = {name: self.teacher.scale * taught @ prompts[name].T for name in KEPT_WEIGHTS}
        losses = losses_of(
            self.model, self.word_head, features, batch, captions=captions, prompts=prompts, taught=judged
        )
        kept = {f"kept_{category}": weight for category, weight in KEPT_WEIGHTS.items()}
        weights = {**CATEGORY_WEIGHTS, **kept, "caption": plan.caption_weight, "word": plan.word_weight}
        total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        return {name: round(loss.item(), 3) for name, loss in losses.items()}


def losses_of(  # noqa: PLR0917 - the two towers' halves of one batch
    model: ImageTower,
    word_head: nn.Module,
    features: Tensor,
    batch: Batch,
    captions: Tensor,
    prompts: dict[str, Tensor],
    taught: dict[str, Tensor],
) -> dict[str, Tensor]:
    """Return the loss of the captions, of the words and of each category, for features [N, F] of the batch's images.

    `captions` and `prompts` are the text tower's vectors; per category those of its tags first, then background.
    `taught`: logits of the same prompts by another tower, whose judgement is to be kept in these categories.
    """
    image = functional.normalize(model.visual.head(features), dim=-1)
    scale = model.logit_scale.exp().clamp(max=100)
    logits = scale * image[: len(captions)] @ captions.T
    same = (captions @ captions.T > _SAME_COSINE).float()
    same = same / same.sum(1, keepdim=True)
    losses = {
        "caption": (functional.cross_entropy(logits, same) + functional.cross_entropy(logits.T, same)) / 2,
        "word": _known_loss(word_head(features), batch.words),
    }
    for category, vectors in prompts.items():
        scores = scale * image @ vectors.T
        losses[category] = _known_loss(scores, batch.targets[category], smoothing=0.1)
        if category in taught:
            losses[f"kept_{category}"] = kept_loss(scores, taught[category], ~batch.shrunk)
    return losses


def kept_loss(logits: Tensor, taught: Tensor, heard: Tensor) -> Tensor:
    """Return how far the shares that `logits` [N, A] give are from those of `taught`, where bool `heard` [N] is true.

    Both are of the same prompts; equal shares give 0.
    """
    if not heard.any():
        return logits.sum() * 0
    shares = taught[heard].softmax(dim=1)
    return functional.kl_div(logits[heard].log_softmax(dim=1), shares, reduction="batchmean")


def _known_loss(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the cross entropy of the rows with a target; logits beyond the targets' columns belong to no tag."""
    labelled = targets.sum(1) > 0
    if not labelled.any():
        return logits.sum() * 0
    count = targets.shape[1]
    smoothed = targets[labelled] * (1 - smoothing) + smoothing / count
    return functional.cross_entropy(logits[labelled], functional.pad(smoothed, (0, logits.shape[1] - count)))


def mixed(start: ImageTower, end: ImageTower, share: float) -> ImageTower:
    """Return the network whose weights are `share` of `end`'s and the rest `start`'s."""
    result = deepcopy(start)
    _update_average(result, end, 1 - share)
    return result


def _optimiser(model: ImageTower, word_head: nn.Module, plan: TrainingPlan) -> torch.optim.Optimizer:
    trunk = [weight for weight in model.visual.trunk.parameters() if weight.requires_grad]
    heads = [*model.visual.head.parameters(), model.logit_scale, *word_head.parameters()]
    groups = [
        {
            "params": [weight for weight in weights if (weight.ndim > 1) == decayed],
            "weight_decay": plan.weight_decay if decayed else 0.0,
            "trunk": weights is trunk,
        }
        for weights in (trunk, heads)
        for decayed in (True, False)
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)


@torch.no_grad()
def _update_average(average: ImageTower, model: ImageTower, keep: float) -> None:
    # There are no batch norms, so that no buffer changes.
    for mean, value in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(value, 1 - keep)
