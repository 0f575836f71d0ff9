"""Any model of open_clip to the parts of a bundle: both towers, tokenizer, preprocessing, logit scale."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from consumer.tagging.bundle.manifest import Colour, ImageSpec
from export.bundles.finish import Draft
from export.bundles.tokenizer import PROBES, TokenizerError, portable_tokenizer
from export.bundles.tokens import fixed_length
from export.graphs.onnx_files import load_graph, save_graph
from export.graphs.towers import TextTower, VisualTower, export_graph, largest_difference

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_DIFFERENCE: Final = 1e-4
_FROM_ELSEWHERE: Final = ("hf-hub:", "local-dir:")


class ModelSourceError(Exception):
    """The model cannot be had or exported; the message says why and what to do, in one sentence."""


@dataclass(frozen=True, slots=True)
class Source:
    """What to export: `arch` of open_clip (or a file with its config), `pretrained` a tag or a checkpoint file.

    `pretrained` None gives random weights: good for measuring, useless for tags.
    """

    arch: str
    pretrained: str | None
    tokenizer: Path | None = None
    licence: str = "see the source of the weights"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to be exported."""

    model: Any
    tokenizer: Tokenizer
    image: ImageSpec
    context_length: int
    logit_scale: float
    logit_bias: float


def load(source: Source, ground: Colour, fit: str) -> Loaded:
    """Create the model with its weights and its tokenizer; raises ModelSourceError."""
    arch = _known_architecture(source)
    with _quiet():
        try:
            model = open_clip.create_model(arch, pretrained=source.pretrained, device="cpu")
        except Exception as error:
            weights = source.pretrained or "random weights"
            raise ModelSourceError(f"{source.arch} with {weights} cannot be loaded: {_brief(error)}.") from error
    model.eval()
    context_length = int(getattr(model, "context_length", 0) or 77)
    bias = getattr(model, "logit_bias", None)
    return Loaded(
        model=model,
        tokenizer=_tokenizer(arch, source, context_length),
        image=_image_spec(model, ground, fit),
        context_length=context_length,
        logit_scale=float(model.logit_scale.detach().exp()),
        logit_bias=0.0 if bias is None else float(bias.detach()),
    )


def write_towers(loaded: Loaded, source: Source, folder: Path, pixels: NDArray[np.uint8], *, name: str) -> Draft:
    """Write both towers and the tokenizer into `folder`, compare them with torch, and return what a bundle needs.

    `pixels`: real textures, uint8 [N, S, S, 3]. Raises ModelSourceError when a graph differs from torch by more than
    1e-4 in any number of a normalised embedding.
    """
    image = loaded.image
    visual = VisualTower(loaded.model, image.mean, image.std)
    ids = torch.tensor([encoding.ids for encoding in loaded.tokenizer.encode_batch(list(PROBES))], dtype=torch.int64)
    reference = _outputs(visual, torch.from_numpy(pixels))
    _reparameterise(loaded.model)
    metrics = {}
    for tower, sample, graph in (
        (visual, torch.from_numpy(pixels), "visual"),
        (TextTower(loaded.model), ids, "textual"),
    ):
        path = folder / f"{graph}.onnx"
        with _quiet():
            export_graph(tower, sample[:2], "pixels" if graph == "visual" else "tokens", path)
        _gather(path)
        difference = largest_difference(tower, path, sample.numpy(), reference if graph == "visual" else None)
        if difference > LARGEST_DIFFERENCE:
            raise ModelSourceError(
                f"The {graph} graph of {source.arch} differs from torch by {difference:.1e}, at most "
                f"{LARGEST_DIFFERENCE:.0e} is right: this architecture cannot be exported."
            )
        metrics[f"{graph}_max_abs_diff"] = round(difference, 9)
    loaded.tokenizer.save(str(folder / "tokenizer.json"))
    weights = source.pretrained or "random weights"
    return Draft(
        id=name,
        source=f"open_clip {open_clip.__version__}: {source.arch}, {weights}",
        licence=source.licence,
        image=image,
        dim=int(reference.shape[1]),
        logit_scale=loaded.logit_scale,
        logit_bias=loaded.logit_bias,
        context_length=loaded.context_length,
        metrics=metrics,
    )


def _known_architecture(source: Source) -> str:
    path = Path(source.arch)
    if source.arch.endswith(".json") and path.is_file():
        open_clip.add_model_config(path)
        arch = path.stem
    elif source.arch.startswith(_FROM_ELSEWHERE):
        return source.arch
    else:
        arch = source.arch
    if arch not in open_clip.list_models():
        raise ModelSourceError(
            f"open_clip {open_clip.__version__} has no architecture {arch}: choose one of its list_models(), "
            "or name a file with its config (….json)."
        )
    tags = open_clip.list_pretrained_tags_by_model(arch)
    if source.pretrained and source.pretrained not in tags and not Path(source.pretrained).is_file():
        raise ModelSourceError(
            f"{arch} has no weights {source.pretrained}: choose {', '.join(tags) or 'a checkpoint file'}"
            f"{', or name a checkpoint file' if tags else ''}."
        )
    return arch


def _tokenizer(arch: str, source: Source, context_length: int) -> Tokenizer:
    if source.tokenizer is not None:
        path = source.tokenizer / "tokenizer.json" if source.tokenizer.is_dir() else source.tokenizer
        try:
            own = Tokenizer.from_file(str(path))
        except Exception as error:
            raise ModelSourceError(f"{path} is no tokenizer.json: {_brief(error)}.") from error
        fixed_length(own, context_length, (own.padding or {}).get("pad_id", 0))
        return own
    with _quiet():
        try:
            given = open_clip.get_tokenizer(arch, context_length=context_length)
        except Exception as error:
            raise ModelSourceError(
                f"The tokenizer of {source.arch} cannot be fetched ({_brief(error)}): give its tokenizer.json with "
                "--tokenizer."
            ) from error
    try:
        return portable_tokenizer(given, context_length)
    except TokenizerError as error:
        raise ModelSourceError(str(error)) from error


def _image_spec(model: Any, ground: Colour, fit: str) -> ImageSpec:
    stated = open_clip.get_model_preprocess_cfg(model)
    size = stated["size"]
    sides = {size} if isinstance(size, int) else set(size)
    if len(sides) != 1:
        raise ModelSourceError(f"This model takes pictures of {size} pixels; only square ones are served.")
    return ImageSpec(
        size=sides.pop(),
        mean=tuple(stated["mean"]),
        std=tuple(stated["std"]),
        interpolation="bilinear" if stated["interpolation"] == "bilinear" else "bicubic",
        ground=ground,
        fit="crop" if fit == "crop" else "pad",
    )


def _reparameterise(model: Any) -> None:
    """Fold branches that only training needs, as MobileCLIP has them."""
    from timm.utils.model import reparameterize_model  # noqa: PLC0415 - only here

    model.visual = reparameterize_model(model.visual)


def _outputs(tower: torch.nn.Module, sample: torch.Tensor) -> NDArray[np.float32]:
    tower.eval()
    with torch.inference_mode():
        outputs: NDArray[np.float32] = torch.cat([tower(part) for part in torch.split(sample, 8)]).numpy()
    return outputs


def _gather(path: Path) -> None:
    """Put the weights that torch wrote into files of their own, as it does above 2 GB, into one beside the graph."""
    others = [other for other in path.parent.iterdir() if other.suffix == "" and other.is_file()]
    if others:
        save_graph(load_graph(path), path)
        for other in others:
            other.unlink()


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:240].rstrip(".") or type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what open_clip and torch log about random weights and tracing."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(level)
