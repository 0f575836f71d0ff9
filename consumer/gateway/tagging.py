"""One image to its answer: the tagger's own pipeline, whose batches mix the images of all requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from consumer.gateway.refusals import RefusedError, away
from consumer.imaging.errors import ImageRejectedError, Rejection
from consumer.tagging.inference.compute import ComputeClosedError
from consumer.tagging.looking import stated_by_name
from consumer.tagging.pipeline import TaggingPipeline
from consumer.tagging.tagging_result import TaggingResult
from consumer.telemetry.metrics import Metrics
from consumer.tracing.spans import step
from schemas import Embedding, Stage, Tag, TimingsMs
from schemas.http import DEFAULT_THRESHOLD, FIRST_CATEGORY, GivenTag, TagAnswer
from schemas.tagged import in_reading_order

_STATUS = {Rejection.TOO_MANY_BYTES: 413, Rejection.TOO_MANY_PIXELS: 413, Rejection.FORMAT_NOT_ALLOWED: 415}


@dataclass(frozen=True, slots=True)
class Image:
    """What a client wants to be tagged; ``received_at`` is of :func:`time.perf_counter`.

    ``asset_id`` None: the client gave none, so its tags are those of no asset. ``threshold`` None: the client named
    none, and gets what is worth giving.
    """

    asset_id: str | None
    data: bytes
    threshold: float | None
    received_at: float


class Announcer(Protocol):
    """Tells the world of what was tagged."""

    async def announce(self, asset_id: str, image: bytes, tagged: TaggingResult, /) -> None: ...


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
        if self._announcer is not None and tagged is not None and image.asset_id is not None:
            await self._announcer.announce(image.asset_id, image.data, tagged)
            self._metrics.findings_told(finding.name for finding in tagged.findings or ())
        return answer

    async def _tag(self, image: Image) -> tuple[TagAnswer, TaggingResult | None]:
        wait_ms = _since_ms(image.received_at)
        started = time.perf_counter()
        # Findings go into events alone.
        told = None if self._announcer is None else image.asset_id
        stated = None if told is None else stated_by_name(told)
        with step(Stage.DECODE_IMAGE):
            prepared = await self._pipeline.prepare(image.data, stated=stated)
        with step(Stage.EMBED):
            embedded = await self._pipeline.embed(prepared)
        names = (image.asset_id,)
        with step(Stage.SCORE):
            scored = await self._pipeline.score_together(
                embedded.vector, prepared.facts, names, threshold=image.threshold
            )
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
            for tag in in_reading_order(_worth_giving(scored.tags) if image.threshold is None else scored.tags)
        )
        answer = TagAnswer(asset_id=image.asset_id, tags=tags, processing_time_ms=round(_since_ms(image.received_at)))
        if self._announcer is None:
            return answer, None
        # Events follow the rules of the taxonomy, whatever this client asked for.
        emitted = scored
        if image.threshold is not None:
            emitted = await self._pipeline.score_together(embedded.vector, prepared.facts, names)
        return answer, TaggingResult(
            info=prepared.facts.info,
            tags=emitted.tags,
            candidates=emitted.candidates,
            pixel_evidence=prepared.facts.evidence,
            embedding=Embedding.from_array(embedded.vector),
            timings_ms=timings_ms,
            findings=self._pipeline.findings(image.asset_id or "", prepared.facts),
        )


def _worth_giving(published: Sequence[Tag]) -> list[Tag]:
    """Return, of the tags that an event carries, the sure ones, and the best of what the image shows if any is."""
    best = next((tag for tag in published if tag.category == FIRST_CATEGORY), None)
    return [tag for tag in published if tag.confidence >= DEFAULT_THRESHOLD or tag is best]


def _since_ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
