"""Muon: momentum steps made orthogonal, for weights that are matrices (here convolutions, flattened).

Keller Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import torch
from torch import Tensor

from consumer.tagging.cpus import cpu_flags

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_BFLOAT16_FLAGS: Final = {"avx512_bf16", "amx_bf16", "bf16"}


@cache
def multiplies_bfloat16() -> bool:
    """Tell whether this CPU has instructions for bfloat16; without them it is half as fast as float32."""
    return bool(_BFLOAT16_FLAGS & (cpu_flags() or frozenset()))


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return about the nearest matrix with singular values near 1, by Newton and Schulz's iteration."""
    first, second, third = _NEWTON_SCHULZ
    value: Tensor = matrix.bfloat16() if multiplies_bfloat16() else matrix
    value = value / (value.norm() + 1e-7)
    tall = value.shape[0] > value.shape[1]
    value = value.T if tall else value
    for _ in range(steps):
        gram = value @ value.T
        value = first * value + (second * gram + third * gram @ gram) @ value
    return (value.T if tall else value).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised per weight; `rate` is the step's spectral norm."""

    def __init__(self, parameters: Iterable[Tensor], rate: float, momentum: float = 0.95, decay: float = 0.05) -> None:
        super().__init__(parameters, {"lr": rate, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step; a closure is not supported."""
        del closure
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group)

    def _move(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        average = self.state[weight].setdefault("average", torch.zeros_like(gradient))
        average.lerp_(gradient, 1 - group["momentum"])
        direction = gradient.lerp(average, group["momentum"]).reshape(len(weight), -1)
        scale = max(1.0, direction.shape[0] / direction.shape[1]) ** 0.5
        weight.mul_(1 - group["lr"] * group["decay"])
        weight.add_(orthogonal(direction).view_as(weight), alpha=-group["lr"] * scale)
