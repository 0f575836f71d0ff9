"""Where an image's CPU time goes: each part of the tagger alone, and the operators of its model.

    python -m benchmarks.parts

PNGs of 512 pixels, ViT-B-32 of random weights, one thread. The CPU time of each part is the least of the rounds; the
share of the operators is what onnxruntime's own profile says of batches of eight.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from benchmarks.support.bundles import vit_b_32
from benchmarks.support.figures import Figure, report
from benchmarks.support.images import square_pngs
from consumer.imaging.decode import decode
from consumer.imaging.picture import DecodedImage, ImageLimits
from consumer.tagging.bundle.bundle import Bundle, load_bundle
from consumer.tagging.bundle.name_patterns import AssetNames
from consumer.tagging.images.preprocess import PreprocessSpec, prepare
from consumer.tagging.inference.embed import Embedder, open_embedder
from consumer.tagging.pixels.evidence import pixel_evidence
from consumer.tagging.pixels.layout import layout_of
from consumer.tagging.scoring.scorer import Scorer

BATCH = 8
_RUNS_PROFILED = 10
_MOST_OPERATORS = 6


@click.command()
@click.option("--bundle", "folder", type=click.Path(path_type=Path), help="Another model than ViT-B-32.")
@click.option("--rounds", default=5, show_default=True)
def main(folder: Path | None, rounds: int) -> None:
    """Measure and report."""
    bundle = load_bundle(folder or vit_b_32())
    embedder = open_embedder(bundle)
    files = square_pngs(512)
    images = [decode(data, ImageLimits()) for data in files]
    spec = PreprocessSpec.of(bundle.manifest.image)
    pixels = np.stack([prepare(image, spec) for image in images])
    parts: dict[str, Callable[[], object]] = {
        "decode": lambda: [decode(data, ImageLimits()) for data in files],
        "preprocess": lambda: [prepare(image, spec) for image in images],
        "pixel_tests": lambda: [pixel_evidence(image, layout_of(image.pixels)) for image in images],
        **_inference(embedder, pixels),
        **_scoring(bundle, images),
    }
    figures = [
        Figure(f"{name}_cpu_per_image", _cpu_ms(part, rounds) / len(files), "CPU ms", None, "lower")
        for name, part in parts.items()
    ]
    report("parts", [*figures, *_operators(bundle.graph_path(embedder.precision), pixels[:BATCH])])


def _inference(embedder: Embedder, pixels: NDArray[np.uint8]) -> dict[str, Callable[[], object]]:
    def in_batches(size: int) -> list[NDArray[np.float32]]:
        return [embedder.run(pixels[at : at + size]) for at in range(0, len(pixels), size)]

    return {f"inference_in_batches_of_{size}": partial(in_batches, size) for size in (1, BATCH)}


def _scoring(bundle: Bundle, images: Sequence[DecodedImage]) -> dict[str, Callable[[], object]]:
    scorer, rng = Scorer(bundle), np.random.default_rng(0)
    vectors = rng.normal(size=(len(images), bundle.manifest.dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tests = [pixel_evidence(image, layout_of(image.pixels)) for image in images]
    names = [AssetNames.of(["T_Rifle_N", "Assets/Weapons/T_Rifle_N.png"])] * len(images)

    def in_batches(size: int) -> list[object]:
        cuts = [slice(at, at + size) for at in range(0, len(images), size)]
        return [scorer.score_rows(vectors[cut], tests[cut], names[cut]) for cut in cuts]

    return {f"scoring_in_batches_of_{size}": partial(in_batches, size) for size in (1, BATCH)}


def _cpu_ms(part: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds + 1):
        started = time.process_time()
        part()
        taken.append(time.process_time() - started)
    return min(taken[1:]) * 1000


def _operators(graph: Path, batch: NDArray[np.uint8]) -> list[Figure]:
    """Return the share of inference that each of the dearest operators takes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        for _ in range(_RUNS_PROFILED):
            session.run(None, {session.get_inputs()[0].name: batch})
        events = json.loads(Path(session.end_profiling()).read_text())
    taken = Counter[str]()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            taken[event["args"]["op_name"]] += event["dur"]
    return [
        Figure(f"share_of_{operator}", microseconds / taken.total(), "share", None, "lower")
        for operator, microseconds in taken.most_common(_MOST_OPERATORS)
    ]


if __name__ == "__main__":
    main()
