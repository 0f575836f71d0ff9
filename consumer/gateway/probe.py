"""Whether images are tagged now: found out by tagging one."""

from __future__ import annotations

import asyncio
import io
import time

from PIL import Image

from consumer.tagging.pipeline import TaggingPipeline

_FRESH_SECONDS = 5.0
_TIMEOUT_SECONDS = 10.0


class TaggingProbe:
    """Tags a small picture from bytes to tags. However many ask, one inference answers them for some seconds."""

    def __init__(self, pipeline: TaggingPipeline) -> None:
        self._pipeline = pipeline
        self._picture = _picture()
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self.last_problem: str | None = "no picture was tagged yet"

    async def problem(self) -> str | None:
        """Return why no image would be tagged now, None when one was."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= _FRESH_SECONDS:
                self.last_problem = await self._ask()
                self._asked_at = time.monotonic()
            return self.last_problem

    async def _ask(self) -> str | None:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                prepared = await self._pipeline.prepare(self._picture)
                embedded = await self._pipeline.embed(prepared)
                self._pipeline.score(embedded.vector, prepared.facts)
        except TimeoutError:
            return f"a small picture was not tagged within {_TIMEOUT_SECONDS:g} s"
        except Exception as error:  # noqa: BLE001 - whatever it is, the probe shall say it
            return f"a small picture could not be tagged: {type(error).__name__}: {error}"
        return None


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((16, 16)).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()
