"""Bytes to tags: the one place where decoder, model and scorer meet. Shared by the tagger and the gateway."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from consumer.concurrency.batching import Batcher
from consumer.concurrency.cpus import available_cpus
from consumer.imaging.decode import in_colour_or_rejected, read_reduced
from consumer.imaging.picture import DecodedImage, ImageLimits
from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.name_patterns import AssetNames
from consumer.tagging.images.preprocess import PreprocessSpec
from consumer.tagging.inference.compute import ComputePool
from consumer.tagging.inference.embed import Embedder
from consumer.tagging.inputs import as_one, model_inputs
from consumer.tagging.looking import LookedOver, Looker, Stated
from consumer.tagging.pixels.evidence import pixel_evidence
from consumer.tagging.pixels.layout import Layout, layout_of
from consumer.tagging.scoring.scorer import NO_NAMES, ScoredRow, Scorer
from schemas import Candidates, Finding, ImageInfo, Model, Tag

_EVIDENCE_DIGITS: Final = 4
# Of 2048 by 2048 pixels on the tests are few long steps, for which others need not wait.
_LARGE_BYTES: Final = 12 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image gives without the model: its shape, what the tests on its pixels say, and what is wrong with it.

    ``looked_over`` None: nobody looked.
    """

    info: ImageInfo
    evidence: Mapping[str, Mapping[str, float]]
    looked_over: LookedOver | None = None


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """A decoded image, reduced to what the scorer and the model need; ``pixels`` None: its embedding is known.

    ``pixels`` are uint8 [k, size, size, 3], of a sheet k figures.
    """

    facts: ImageFacts
    pixels: npt.NDArray[np.uint8] | None
    decode_ms: float


@dataclass(frozen=True, slots=True)
class EmbeddedImage:
    """An L2-normalised float32 vector of shape [dim]; ``embed_ms`` includes the wait for its batch."""

    vector: npt.NDArray[np.float32]
    embed_ms: float


@dataclass(frozen=True, slots=True)
class ScoredImage:
    """The tags that are published, and the candidates, None where the bundle promises none."""

    tags: tuple[Tag, ...]
    candidates: Candidates | None
    score_ms: float


@dataclass(frozen=True, slots=True)
class _ScoringRow:
    vector: npt.NDArray[np.float32]
    facts: ImageFacts
    names: AssetNames
    threshold: float | None


class TaggingPipeline:
    """Tags images with one model. Decoding and inference run in threads, never on the event loop."""

    def __init__(
        self,
        bundle: Bundle,
        embedder: Embedder,
        *,
        limits: ImageLimits,
        workers: int | None = None,
        max_batch: int = 8,
        max_wait_ms: float = 100.0,
        use_names: bool = True,
        looker: Looker | None = None,
        on_batch: Callable[[int, float, float], None] | None = None,
    ) -> None:
        self.threads = workers or available_cpus()
        # As many images as callers may have here to be decoded: a thread then finds its next one by itself.
        self.decodes_at_once = 4 * self.threads
        self._limits = limits
        self._spec = PreprocessSpec.of(bundle.manifest.image)
        self._embedder = embedder
        self._scorer = Scorer(bundle)
        self._use_names = use_names
        self._looker = looker
        # Numpy gives Python's lock away in each of several hundred small steps that an image takes. Two threads at once
        # hand it back and forth: together they are no faster than one, and take 1.6 times the CPU.
        self._looking = threading.Lock()
        self._compute = ComputePool(
            embedder.run, threads=self.threads, max_batch=max_batch, max_wait_ms=max_wait_ms, on_batch=on_batch
        )
        self._scores = Batcher(self._score_rows, isolates=True)
        self.model = Model(
            id=bundle.manifest.id,
            digest=bundle.digest,
            precision=embedder.precision,
            provider=embedder.provider,
            calibrated=self._scorer.calibrated,
        )
        self.taxonomy = bundle.taxonomy_ref(names=use_names)

    async def warm_up(self) -> None:
        """Run one inference, so that the first record does not pay for lazy initialisation."""
        size = self._spec.size
        await self._compute.submit(np.zeros((size, size, 3), np.uint8))

    @property
    def looks_over(self) -> bool:
        """Whether images are looked over of which something is stated."""
        return self._looker is not None

    async def prepare(self, data: bytes, *, for_model: bool = True, stated: Stated | None = None) -> PreparedImage:
        """Decode and preprocess; ``for_model`` False leaves out what only :meth:`embed` needs.

        With ``stated`` the image is looked over, where the pipeline does so.

        Raises:
            ImageRejectedError: no image, of a format that we do not decode, or larger than the limits.

        """
        return await self._compute.run(partial(self._prepare, data, for_model=for_model, stated=stated))

    def findings(self, asset_id: str, facts: ImageFacts) -> tuple[Finding, ...] | None:
        """Return what is published of an asset's findings, None where it was not looked over."""
        if self._looker is None or facts.looked_over is None:
            return None
        return self._looker.judged(asset_id, facts.looked_over)

    async def embed(self, prepared: PreparedImage) -> EmbeddedImage:
        """Infer; the vector is what the event will carry, float16 rounded, so that scoring it again gives the same."""
        if prepared.pixels is None:
            raise ValueError("the image was not prepared for the model")
        started = time.perf_counter()
        vectors = await asyncio.gather(*(self._compute.submit(pixels) for pixels in prepared.pixels))
        vector = as_one(np.stack(vectors))
        return EmbeddedImage(vector.astype(np.float16).astype(np.float32), _since_ms(started))

    def score(
        self,
        vector: npt.NDArray[np.float32],
        facts: ImageFacts,
        names: Iterable[str | None] = (),
        *,
        threshold: float | None = None,
    ) -> ScoredImage:
        """Judge an image; `names` are the paths and names it is known by, unused where the settings say so.

        `threshold` replaces the taxonomy's own, as it is.
        """
        started = time.perf_counter()
        (row,) = self._scorer.score_rows(
            vector[None], [facts.evidence], [self._name_evidence(names)], threshold=threshold
        )
        return _scored_image(row, started)

    async def score_together(
        self,
        vector: npt.NDArray[np.float32],
        facts: ImageFacts,
        names: Iterable[str | None] = (),
        *,
        threshold: float | None = None,
    ) -> ScoredImage:
        """Judge as :meth:`score` does, in one go with what else comes up now: a batch's images at a fraction each."""
        started = time.perf_counter()
        row = await self._scores.submit(_ScoringRow(vector, facts, self._name_evidence(names), threshold))
        return _scored_image(row, started)

    async def close(self) -> None:
        """Finish what was submitted and release the threads."""
        await self._compute.close()

    def _name_evidence(self, names: Iterable[str | None]) -> AssetNames:
        return AssetNames.of(names) if self._use_names else NO_NAMES

    async def _score_rows(self, rows: Sequence[_ScoringRow]) -> list[ScoredRow]:
        scored: list[ScoredRow] = [ScoredRow([], None)] * len(rows)
        for threshold in {row.threshold for row in rows}:
            places = [at for at, row in enumerate(rows) if row.threshold == threshold]
            given = self._scorer.score_rows(
                np.stack([rows[at].vector for at in places]),
                [rows[at].facts.evidence for at in places],
                [rows[at].names for at in places],
                threshold=threshold,
            )
            for at, row in zip(places, given, strict=True):
                scored[at] = row
        return scored

    def _prepare(self, data: bytes, *, for_model: bool, stated: Stated | None) -> PreparedImage:
        started = time.perf_counter()
        picture = read_reduced(data, self._limits)
        image = in_colour_or_rejected(picture)
        with self._looking if image.pixels.size < _LARGE_BYTES else nullcontext():
            layout = layout_of(image.pixels)
            facts = _facts(image, layout)
            if self._looker is not None and stated is not None:
                facts = replace(facts, looked_over=self._looker.look(picture, data, stated))
        pixels = model_inputs(image, self._spec, layout) if for_model else None
        return PreparedImage(facts, pixels, _since_ms(started))


def _scored_image(row: ScoredRow, started: float) -> ScoredImage:
    candidates = None if row.candidates is None else Candidates.model_validate(row.candidates)
    return ScoredImage(tuple(Tag(**tag) for tag in row.tags), candidates, _since_ms(started))


def _facts(image: DecodedImage, layout: Layout) -> ImageFacts:
    # Rounded as the event carries it: whoever scores the event again starts from the same numbers.
    evidence = {
        category: {tag: round(value, _EVIDENCE_DIGITS) for tag, value in found.items()}
        for category, found in pixel_evidence(image, layout).items()
    }
    return ImageFacts(ImageInfo(width=image.width, height=image.height, mode=image.mode), evidence)


def _since_ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
