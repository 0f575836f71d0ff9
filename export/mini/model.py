"""The network of aegis-mini: an image tower on a pretrained EfficientNet-Lite0, for the text tower that ships."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import torch
from open_clip.timm_model import TimmModel
from torch import Tensor, nn
from torch.nn import functional

from consumer.concurrency.cpus import cpu_flags
from consumer.tagging.bundle.bundle import load_bundle
from consumer.tagging.bundle.manifest import Manifest
from consumer.tagging.inference.embed import open_embedder
from consumer.tagging.inference.textual import TextEncoder
from export.mini.backbone import ARCHITECTURE, fold_batch_norms, freeze_start, load_pretrained, settle_constants
from export.mini.plan import IMAGE_SIZE

# The pretrained weights were trained on (value - 127) / 128.
MEAN: Final = (127 / 255, 127 / 255, 127 / 255)
STD: Final = (128 / 255, 128 / 255, 128 / 255)
_BFLOAT16_FLAGS: Final = {"avx512_bf16", "amx_bf16", "bf16"}


class ImageTower(nn.Module):
    """`visual.trunk` gives features [N, 1280], `visual.head` turns them into the text tower's space."""

    def __init__(self, dim: int, logit_scale: float, image_size: int = IMAGE_SIZE) -> None:
        """Start with the pretrained trunk, batch norms folded; `image_size`: a multiple of 32. Raises WeightsError."""
        super().__init__()
        self.visual = TimmModel(ARCHITECTURE, dim, image_size, drop=0.2, drop_path=0.1)
        self.logit_scale = nn.Parameter(torch.tensor(logit_scale).log())
        load_pretrained(self.visual.trunk)
        fold_batch_norms(self.visual.trunk)
        settle_constants(self.visual.trunk)
        freeze_start(self.visual.trunk)

    def encode_image(self, pixels: Tensor, *, normalize: bool = False) -> Tensor:
        """[N, 3, S, S] in the network's range to [N, D]."""
        embedding: Tensor = self.visual(pixels)
        return functional.normalize(embedding, dim=-1) if normalize else embedding


class Texts:
    """What the text tower of a bundle makes of sentences, remembered: it does not learn."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Load the text tower; raises BundleError and ModelError."""
        self._encode, self._known = TextEncoder(folder, manifest), dict[str, Tensor]()

    def __call__(self, texts: list[str]) -> Tensor:
        """Return L2-normalised float32 [N, D]."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, torch.from_numpy(self._encode(new)), strict=True))
        return torch.stack([self._known[text] for text in texts])


class Teacher:
    """The image tower of a bundle, whose knowledge a new one is not to lose.

    `scale` turns similarities to prompts into the logits that it was trained for.
    """

    def __init__(self, folder: Path) -> None:
        """Load the image tower; raises BundleError and ModelError."""
        bundle = load_bundle(folder)
        self._embedder, self.scale = open_embedder(bundle), bundle.manifest.logit_scale

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return L2-normalised float32 [N, D] of uint8 [N, S, S, 3], whatever S is."""
        size = self._embedder.size
        if pixels.shape[1] != size:
            planes = pixels.permute(0, 3, 1, 2).float()
            resized = functional.interpolate(planes, (size, size), mode="bilinear", antialias=True)
            pixels = resized.permute(0, 2, 3, 1).round().to(torch.uint8)
        return torch.from_numpy(self._embedder.run(pixels.contiguous().numpy()))


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """Return float [N, 3, S, S] in the network's range, channels last in memory."""
    mean, std = torch.tensor(MEAN), torch.tensor(STD)
    return ((pixels.float() / 255 - mean) / std).permute(0, 3, 1, 2)


@cache
def multiplies_bfloat16() -> bool:
    """Tell whether this CPU has instructions for bfloat16; without them it is half as fast as float32."""
    return bool(_BFLOAT16_FLAGS & (cpu_flags() or frozenset()))
