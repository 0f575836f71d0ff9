"""How long and how fast aegis-mini is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

IMAGE_SIZE: Final = 128


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """First the projection alone learns, then the trunk too, on pictures of `size` pixels a side.

    The projection takes `head_steps` of `head_batch` among `head_images` pictures, of which the pretrained trunk gives
    the features once. Then all learns for `steps`, the trunk at `trunk_rate`: the rates are held for the share `held`
    of the steps, and fall along a half cosine. `captions` of each batch get one. What comes out is the mean of the
    weights before and after, the latter counting `mixed`. Half and half keeps more of what the pretrained trunk knew;
    since a teacher is learned from that costs more than it gives (docs/decisions/0006).
    """

    steps: int = 500
    size: int = IMAGE_SIZE
    head_images: int = 8192
    head_steps: int = 600
    head_batch: int = 256
    batch: int = 48
    captions: int = 40
    held: float = 0.2
    rate: float = 1e-3
    trunk_rate: float = 2e-4
    weight_decay: float = 0.02
    caption_weight: float = 0.4
    word_weight: float = 0.3
    average: float = 0.995
    mixed: float = 1.0
    seed: int = 1

    def factor_at(self, step: int) -> float:
        """Return what the rates are multiplied by: up over 40 steps, held, then down to a fiftieth."""
        return min(1.0, step / 40) * falling(step / self.steps, self.held)


def falling(share: float, held: float) -> float:
    """Return 1 for the share `held` of the way, then down to a fiftieth along a half cosine."""
    fallen = max(0.0, share - held) / (1 - held)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fallen))
