"""An existing ONNX CLIP, out of a folder or a hub repository, as a bundle. No torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from consumer.tagging.bundle.manifest import Colour, ImageSpec
from consumer.tagging.inference.sessions import ModelError, open_session
from export.bundles.finish import Draft
from export.bundles.layouts import PATTERNS, Layout
from export.bundles.tokens import fixed_length
from export.graphs.numerics import run_graph
from export.graphs.wrap import wrap_textual, wrap_visual

_PROBES: Final = ("a game texture of rusty metal", "a sword", "the sky with clouds", "an icon")
_LARGEST_DIFFERENCE: Final = 1e-4
_REPOSITORY: Final = re.compile(r"^[\w.-]+/[\w.-]+$")


class PullError(Exception):
    """The model cannot be brought; the message says why and what to do, in one sentence."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The model's own logit scale (exp already applied) and bias."""

    scale: float
    bias: float = 0.0


def locate(source: str, revision: str | None = None) -> Path:
    """Return the folder of `source`: itself, or a hub repository's snapshot in the hub's cache. Raises PullError."""
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder
    if not _REPOSITORY.match(source):
        raise PullError(f"{source} is neither a folder nor the name of a hub repository (owner/name).")
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise PullError("Pulling from a hub needs huggingface-hub: pip install 'aegis-tagger[pull]'.") from error
    try:
        return Path(snapshot_download(source, revision=revision, allow_patterns=list(PATTERNS)))
    except Exception as error:
        raise PullError(f"The repository {source} cannot be fetched: {' '.join(str(error).split())[:240]}.") from error


def write_towers(
    folder: Path,
    layout: Layout,
    pixels_of: NDArray[np.uint8],
    scale: Scale | None,
    *,
    name: str,
    source: str,
    licence: str,
    image: ImageSpec,
) -> Draft:
    """Write both towers in our form and the tokenizer into `folder`, compared with the originals on real textures.

    Raises PullError, GraphError and ModelError.
    """
    tokenizer = Tokenizer.from_file(str(layout.tokenizer))
    fixed_length(tokenizer, layout.context_length, layout.pad_id)
    tokenizer.save(str(folder / "tokenizer.json"))
    wrap_visual(layout.visual, folder / "visual.onnx", layout.size, mean=layout.mean, std=layout.std)
    wrap_textual(layout.textual, folder / "textual.onnx", layout.context_length, layout.pad_id, layout.end_id)
    images = _checked(folder / "visual.onnx", pixels_of)
    ids = np.array([encoding.ids for encoding in tokenizer.encode_batch(list(_PROBES))], dtype=np.int64)
    texts = _checked(folder / "textual.onnx", ids)
    if images.shape[1] != texts.shape[1]:
        raise PullError(
            f"The image tower gives {images.shape[1]} numbers, the text tower {texts.shape[1]}: they are no pair."
        )
    logit = scale or _scale_of(layout, pixels_of[:4], ids, images[:4], texts)
    return Draft(
        id=name,
        source=source,
        licence=licence,
        image=image,
        dim=int(images.shape[1]),
        logit_scale=logit.scale,
        logit_bias=logit.bias,
        context_length=layout.context_length,
        metrics={"visual_max_abs_diff": _difference(layout, pixels_of[:8], images[:8])},
    )


def image_spec(layout: Layout, ground: Colour, fit: str) -> ImageSpec:
    """Return the preprocessing that the layout states, with our ground and fit."""
    return ImageSpec(
        size=layout.size,
        mean=layout.mean,
        std=layout.std,
        interpolation="bilinear" if layout.interpolation == "bilinear" else "bicubic",
        ground=ground,
        fit="crop" if fit == "crop" else "pad",
    )


def _checked(graph: Path, batch: NDArray[np.generic]) -> NDArray[np.float32]:
    """Run a tower on several inputs at once, as the product will, and one by one: the same must come out."""
    try:
        together, alone = run_graph(graph, batch), run_graph(graph, batch[:3], batch_size=1)
    except ModelError:
        raise
    except Exception as error:
        raise PullError(
            f"{graph.name} does not take several inputs at once ({' '.join(str(error).split())[:160]}): "
            "export it again with a dynamic batch."
        ) from error
    whole = together.ndim == 2 and len(together) == len(batch) and len(alone) == len(batch[:3])
    if not whole or np.abs(together[: len(alone)] - alone).max() > _LARGEST_DIFFERENCE:
        raise PullError(f"{graph.name} gives other embeddings in a batch than alone: export it with a dynamic batch.")
    return together


def _difference(layout: Layout, pixels: NDArray[np.uint8], ours: NDArray[np.float32]) -> float:
    """Return how far our tower is from the original with the original's own preprocessing; raises PullError."""
    session = open_session(layout.visual)
    given = session.get_inputs()[0]
    batch = pixels if "uint8" in given.type else _normalised(layout, pixels, half="float16" in given.type)
    names = [output.name for output in session.get_outputs()]
    at_once = given.shape[0] if isinstance(given.shape[0], int) else 1
    batch = batch[: len(batch) // at_once * at_once]
    ours = ours[: len(batch)]
    rows = [session.run(names, {given.name: batch[at : at + at_once]}) for at in range(0, len(batch), at_once)]
    best = np.inf
    for at in range(len(names)):
        theirs = np.concatenate([np.asarray(row[at], np.float32).reshape(len(row[at]), -1) for row in rows])
        if theirs.shape == ours.shape:
            theirs = theirs / np.linalg.norm(theirs, axis=1, keepdims=True)
            best = min(best, float(np.abs(theirs - ours).max()))
    if best > _LARGEST_DIFFERENCE:
        raise PullError(f"{layout.visual} and the tower made of it differ by {best:.1e}: it cannot be used as it is.")
    return round(best, 9)


def _normalised(layout: Layout, pixels: NDArray[np.uint8], *, half: bool) -> NDArray[np.floating]:
    scaled = (pixels.astype(np.float32) / 255 - np.array(layout.mean, np.float32)) / np.array(layout.std, np.float32)
    planes = np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))
    return planes.astype(np.float16) if half else planes


def _scale_of(
    layout: Layout,
    pixels: NDArray[np.uint8],
    ids: NDArray[np.int64],
    images: NDArray[np.float32],
    texts: NDArray[np.float32],
) -> Scale:
    """Find scale and bias from the graph of both towers: its logits are a line over the cosines."""
    if layout.joint is None:
        raise PullError(
            "The source does not state the model's logit scale, and has no graph of both towers that would tell it: "
            "give --logit-scale (a CLIP of OpenAI's has 100), and --logit-bias for a SigLIP."
        )
    session = open_session(layout.joint)
    feeds = {
        value.name: np.ones_like(ids)
        if "mask" in value.name
        else ids
        if "input_ids" in value.name
        else _normalised(layout, pixels, half="float16" in value.type)
        for value in session.get_inputs()
    }
    (logits,) = session.run(["logits_per_image"], feeds)
    cosines = (images @ texts.T).ravel()
    slope, offset = np.polyfit(cosines, np.asarray(logits, np.float64).ravel(), 1)
    if np.abs(slope * cosines + offset - logits.ravel()).max() > 0.01 * max(1.0, float(np.ptp(logits))):
        raise PullError(f"The logits of {layout.joint} are no line over the cosines: give --logit-scale.")
    # Without a bias the fit leaves but its own rounding.
    return Scale(round(float(slope), 4), 0.0 if abs(offset) < 0.05 else round(float(offset), 4))
