"""A decoded texture looked over by the checks, in the process that decoded it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from consumer.findings.check import Finding
from consumer.findings.registry import look_over
from consumer.findings.texture import Texture
from consumer.imaging.facts import TextureFacts
from producer_tools.extraction.messages import Looking
from producer_tools.extraction.pixels import facts_of, origin_of


def findings_of(image: Image.Image, path: str, looking: Looking) -> tuple[Finding, ...]:
    """Return what is found of an image that is called by this path."""
    pixels = np.asarray(image)
    origin = origin_of(image)
    texture = Texture(
        pixels[..., None] if pixels.ndim == 2 else pixels,
        mode=origin.mode,
        file_format=origin.file_format,
        facts=facts_of(image) or TextureFacts(),
        path=path,
    )
    return look_over(texture, looking.limits, frozenset(looking.off))
