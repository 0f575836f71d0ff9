"""What the model looks at: the whole picture, or a handful of a sheet's figures, whose embeddings are averaged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from consumer.imaging.picture import DecodedImage
from consumer.tagging.images.preprocess import PreprocessSpec, prepare
from consumer.tagging.pixels.layout import Layout


def model_inputs(image: DecodedImage, spec: PreprocessSpec, layout: Layout) -> npt.NDArray[np.uint8]:
    """Return uint8 [k, size, size, 3]: k is 1, or the figures that are looked at instead of a sheet.

    A whole sheet, made small, looks like sparks, whatever it is of.
    """
    if not layout.cells:
        return prepare(image, spec)[None]
    cells = [image.pixels[box.top : box.bottom, box.left : box.right] for box in layout.cells]
    return np.stack([prepare(DecodedImage(np.ascontiguousarray(cell), image.mode), spec) for cell in cells])


def as_one(embeddings: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return one L2-normalised vector [dim] for those of a picture's inputs, [k, dim]."""
    mean: npt.NDArray[np.float32] = embeddings.astype(np.float32).mean(axis=0)
    if len(embeddings) == 1:
        return mean
    unit: npt.NDArray[np.float32] = mean / max(float(np.linalg.norm(mean)), 1e-6)
    return unit
