"""What looking textures over costs, in CPU time: decoded ones, and whole files by `aegis lint`."""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.support.figures import Figure
from benchmarks.support.images import textures, write_pngs
from consumer.findings.project import Project
from consumer.findings.registry import look_over
from consumer.findings.texture import Texture
from consumer.imaging.decode import read
from consumer.imaging.facts import TextureFacts
from consumer.imaging.picture import ImageLimits
from consumer.imaging.signatures import SIGNATURE_BYTES, image_format
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.inference.embed import open_embedder
from consumer.tagging.looking import Looker, stated_by_name
from consumer.tagging.pipeline import TaggingPipeline
from producer_tools.linting.lint import LintRequest, lint
from producer_tools.linting.project import LintProject
from producer_tools.settings import ExtractSettings

_SIDE = 512
_TIMES = 15
_FILES = 500
_TAGGINGS = 7


def cost_figures(folders: Sequence[Path]) -> list[Figure]:
    """Return the mean CPU time of a texture of 512 by 512 pixels, the least of several runs of each."""
    times_ms = [_least_ms(_square(path)) for folder in folders for path in textures(folder)]
    return [
        Figure("cpu_ms_at_512", statistics.fmean(times_ms), "ms an image", 0.5, "lower"),
        Figure("cpu_ms_at_512_largest", max(times_ms), "ms an image", None, "lower"),
    ]


def lint_figures(folders: Sequence[Path]) -> list[Figure]:
    """Return the CPU time of all processes for 10 000 PNGs of 512 by 512: two cores have 240 s in two minutes."""
    sources = [path for folder in folders for path in textures(folder)]
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as scratch:
        folder = write_pngs(sources, Path(scratch) / "png", _SIDE)
        files = sorted(folder.iterdir())
        for number in range(_FILES - len(files)):
            os.link(files[number % len(files)], folder / f"again-{number:04}.png")
        before = _cpu_seconds()
        report = lint(LintRequest((folder,), LintProject(), processes=2), ExtractSettings())
        seconds = (_cpu_seconds() - before) / len(report.textures) * 10_000
    return [Figure("lint_cpu_s_of_10000_at_512", seconds, "CPU s", 240, "lower")]


def tagging_figures(folders: Sequence[Path]) -> list[Figure]:
    """Return what findings add to the CPU time of tagging, for PNGs of 512 by 512, one after the other."""
    return asyncio.run(_tagging_figures([path for folder in folders for path in textures(folder)]))


async def _tagging_figures(sources: Sequence[Path]) -> list[Figure]:
    bundle = load_bundle(default_bundle_path())
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as scratch:
        files = [path.read_bytes() for path in sorted(write_pngs(sources, Path(scratch) / "png", _SIDE).iterdir())]
    pipeline = TaggingPipeline(bundle, open_embedder(bundle), limits=ImageLimits(), workers=1, looker=Looker(Project()))
    await pipeline.warm_up()
    spent = {True: 0.0, False: 0.0}
    for data in files:
        for looks in spent:
            spent[looks] += await _least_of_tagging(pipeline, data, looks=looks)
    await pipeline.close()
    share = (spent[True] - spent[False]) / spent[False] * 100
    return [
        Figure("tagging_cpu_ms_without", spent[False] / len(files) * 1000, "ms an image", None, "lower"),
        Figure("tagging_cpu_added", share, "% of CPU time", 3, "lower"),
    ]


async def _least_of_tagging(pipeline: TaggingPipeline, data: bytes, *, looks: bool) -> float:
    least = float("inf")
    for _ in range(_TAGGINGS):
        started = time.process_time()
        prepared = await pipeline.prepare(data, stated=stated_by_name("texture") if looks else None)
        embedded = await pipeline.embed(prepared)
        pipeline.score(embedded.vector, prepared.facts)
        least = min(least, time.process_time() - started)
    return least


def _cpu_seconds() -> float:
    """Return the CPU time of this process and of the children that ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def _square(path: Path) -> Texture:
    data = path.read_bytes()
    picture = read(data, ImageLimits())
    pixels = picture.pixels
    if pixels.shape[:2] != (_SIDE, _SIDE) and pixels.dtype == np.uint8:
        whole = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        resized = np.asarray(whole.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))
        pixels = resized[..., None] if resized.ndim == 2 else resized
    name = image_format(data[:SIGNATURE_BYTES]) or "TGA"
    return Texture(pixels, picture.mode, name, picture.facts or TextureFacts(), path.name)


def _least_ms(texture: Texture) -> float:
    least = float("inf")
    for _ in range(_TIMES):
        fresh = Texture(texture.pixels, texture.mode, texture.file_format, texture.facts, texture.path)
        started = time.thread_time()
        look_over(fresh)
        least = min(least, time.thread_time() - started)
    return least * 1000
