"""How long and how fast aegis-mini is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

# What the tower is served: longest side in pixels, a multiple of 32.
IMAGE_SIZE: Final = 160


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """First the projection alone learns, then the trunk too.

    The projection takes `head_steps` of `head_batch` among `head_images` pictures, of which the pretrained trunk gives
    the features once. Then all learns for `steps`, the trunk at `trunk_rate`, in two rounds: `first_round` is the share
    of the first, and the rates of the second are `second` times as high. In each they are held for the share `held`,
    and fall along a half cosine.

    For the share `small` of the steps pictures have `size` pixels a side, then `served_size`, as the product shows
    them: small ones teach in two thirds of the time, and what the trunk learns of them holds for larger ones.
    `captions` of each batch get one. What comes out is the mean of the weights before and after, the latter counting
    `mixed`. Half and half keeps more of what the pretrained trunk knew; since a teacher is learned from that costs more
    than it gives (docs/decisions/0006).
    """

    steps: int = 3200
    first_round: float = 0.53125
    second: float = 0.5
    small: float = 0.375
    size: int = 128
    served_size: int = IMAGE_SIZE
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

    def size_at(self, step: int) -> int:
        """Return the pixels a side that `step`, from 1 on, is taken on."""
        return self.size if step <= round(self.steps * self.small) else self.served_size

    def factor_at(self, step: int) -> float:
        """Return what the rates are multiplied by: in each round up over 40 steps, held, then down to a fiftieth."""
        first = round(self.steps * self.first_round)
        peak, done, of = (1.0, step, first) if step <= first else (self.second, step - first, self.steps - first)
        return peak * min(1.0, done / 40) * falling(done / of, self.held)


def falling(share: float, held: float) -> float:
    """Return 1 for the share `held` of the way, then down to a fiftieth along a half cosine."""
    fallen = max(0.0, share - held) / (1 - held)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fallen))
