"""From two fp32 towers and a tokenizer in a folder to a whole bundle: precisions, vocabulary, manifest."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.tagging.bundle.bundle import MANIFEST, TAXONOMY, load_bundle
from consumer.tagging.bundle.manifest import ImageSpec, Manifest, Precision, Variant, describe_file
from consumer.tagging.images.preprocess import PreprocessSpec, prepare
from export.bundles.compile import compile_taxonomy, refresh_manifest, replace_file
from export.graphs.numerics import run_graph
from export.graphs.onnx_files import files_of
from export.graphs.quantise import Quantised, to_fp16, to_int8

# Textures that precisions are compared on; more say hardly more.
_MOST_TEXTURES = 64


class TexturesError(Exception):
    """There are no textures to compare graphs on; the message says what to give."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What `bundle.json` will say, before files, vocabulary and precisions are known."""

    id: str
    source: str
    licence: str
    image: ImageSpec
    dim: int
    logit_scale: float
    logit_bias: float
    context_length: int
    metrics: dict[str, float] = field(default_factory=dict)


def textures(folder: Path, image: ImageSpec) -> NDArray[np.uint8]:
    """Return up to 64 pictures under `folder` as the model will see them, uint8 [N, S, S, 3]; raises TexturesError."""
    spec, found = PreprocessSpec.of(image), []
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in paths:
        try:
            found.append(prepare(decode(path.read_bytes(), ImageLimits()), spec))
        except ImageRejectedError:
            continue
    if not found:
        raise TexturesError(f"{folder} holds no texture to compare the graphs on: name a folder of some with --images.")
    chosen = np.linspace(0, len(found) - 1, min(len(found), _MOST_TEXTURES)).astype(int)
    return np.stack([found[at] for at in chosen])


def finish(
    folder: Path, draft: Draft, taxonomy: Path, pixels: NDArray[np.uint8], precisions: Collection[Precision]
) -> Manifest:
    """Add the precisions asked for, compile the vocabulary, and write the manifest; the bundle is uncalibrated.

    `folder` holds visual.onnx, textual.onnx and tokenizer.json. Raises QuantisationError, BundleError, TaxonomyError.
    """
    variants: dict[Precision, Variant] = {}
    makers: dict[Precision, Callable[[Path, Path, NDArray[np.uint8]], Quantised]] = {"int8": to_int8, "fp16": to_fp16}
    for precision, make in makers.items():
        if precision in precisions:
            name = f"visual.{precision}.onnx"
            made = make(folder / "visual.onnx", folder / name, pixels)
            variants[precision] = Variant(
                file=name, least_cosine=round(made.least_cosine, 6), fp32_layers=made.fp32_layers
            )
    replace_file(folder / TAXONOMY, taxonomy.read_bytes())
    graphs = ["visual.onnx", "textual.onnx", *(variant.file for variant in variants.values())]
    names = sorted({*(name for graph in graphs for name in files_of(folder / graph)), "tokenizer.json", TAXONOMY})
    manifest = Manifest(
        id=draft.id,
        source_model=draft.id,
        source=draft.source,
        licence=draft.licence,
        dim=draft.dim,
        image=draft.image,
        logit_scale=draft.logit_scale,
        logit_bias=draft.logit_bias,
        precision="fp32",
        variants=variants,
        context_length=draft.context_length,
        files={name: describe_file(folder / name) for name in names},
        metrics=draft.metrics,
    )
    replace_file(folder / MANIFEST, (manifest.model_dump_json(indent=2) + "\n").encode())
    compile_taxonomy(folder)
    return _with_agreement(folder, pixels)


def _with_agreement(folder: Path, pixels: NDArray[np.uint8]) -> Manifest:
    """Record how often each precision's surest tag is fp32's, by category."""
    bundle = load_bundle(folder)
    manifest, metrics = bundle.manifest, dict(bundle.manifest.metrics)
    expected = run_graph(folder / manifest.visual, pixels)
    for precision, variant in manifest.variants.items():
        outputs = run_graph(folder / variant.file, pixels, batch_size=8, optimise=precision != "fp16")
        for category, vectors in bundle.vectors.items():
            if len(vectors.tags):
                same = (expected @ vectors.tags.T).argmax(axis=1) == (outputs @ vectors.tags.T).argmax(axis=1)
                metrics[f"{precision}_top1_agreement.{category}"] = round(float(same.mean()), 4)
    return refresh_manifest(folder, manifest, [], metrics=metrics)
