"""One image to its answer: the tagger's own pipeline, whose batches mix the images of all requests."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol

from consumer.gateway.refusals import RefusedError, away
from consumer.services.tagging_result import TaggingResult
from consumer.tagging.compute import ComputeClosedError
from consumer.tagging.errors import ImageRejectedError, Rejection
from consumer.tagging.pipeline import TaggingPipeline
from consumer.telemetry.metrics import Metrics
from schemas import Embedding, TimingsMs
from schemas.http import GivenTag, TagAnswer

_STATUS = {Rejection.TOO_MANY_BYTES: 413, Rejection.TOO_MANY_PIXELS: 413, Rejection.FORMAT_NOT_ALLOWED: 415}


@dataclass(frozen=True, slots=True)
class Image:
    """What a client wants to be tagged; ``received_at`` is of :func:`time.perf_counter`."""

    asset_id: str
    data: bytes
    threshold: float
    received_at: float


class Announcer(Protocol):
    """Tells the world of what was tagged."""

    async def announce(self, image: Image, tagged: TaggingResult, /) -> None: ...


class ImageTagger:
    """Answers for single images; many at once share inferences, and each gets its own result."""

    def __init__(
        self,
        pipeline: TaggingPipeline,
        metrics: Metrics,
        *,
        timeout_seconds: float,
        announcer: Announcer | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._metrics = metrics
        self._timeout_seconds = timeout_seconds
        self._announcer = announcer

    async def tag(self, image: Image) -> TagAnswer:
        """Return the answer.

        Raises:
            RefusedError: the image is at fault, or it cannot be tagged now.

        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer, tagged = await self._tag(image)
        except ImageRejectedError as error:
            raise RefusedError(_STATUS.get(error.code, 422), str(error)) from error
        except TimeoutError as error:
            raise away(f"the image was not tagged within {self._timeout_seconds:g} s: send it again", 1) from error
        except ComputeClosedError as error:
            raise away("the service is shutting down: send it again", 1) from error
        if self._announcer is not None and tagged is not None:
            await self._announcer.announce(image, tagged)
        return answer

    async def _tag(self, image: Image) -> tuple[TagAnswer, TaggingResult | None]:
        wait_ms = _since_ms(image.received_at)
        started = time.perf_counter()
        prepared = await self._pipeline.prepare(image.data)
        embedded = await self._pipeline.embed(prepared)
        names = (image.asset_id,)
        scored = await self._pipeline.score_together(embedded.vector, prepared.facts, names, threshold=image.threshold)
        timings_ms = TimingsMs(
            wait=round(wait_ms, 3),
            decode=round(prepared.decode_ms, 3),
            embed=round(embedded.embed_ms, 3),
            score=round(scored.score_ms, 3),
        )
        self._metrics.stages_timed(timings_ms)
        tags = tuple(
            GivenTag(
                tag=tag.tag,
                category=tag.category,
                confidence=tag.confidence,
                source_model=tag.source_model,
                processing_time_ms=round(_since_ms(started)),
            )
            for tag in scored.tags
        )
        answer = TagAnswer(asset_id=image.asset_id, tags=tags, processing_time_ms=round(_since_ms(image.received_at)))
        if self._announcer is None:
            return answer, None
        # Events have the thresholds of the taxonomy, whatever this client asked for.
        emitted = await self._pipeline.score_together(embedded.vector, prepared.facts, names)
        return answer, TaggingResult(
            info=prepared.facts.info,
            tags=emitted.tags,
            pixel_evidence=prepared.facts.evidence,
            embedding=Embedding.from_array(embedded.vector),
            timings_ms=timings_ms,
        )


def _since_ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
