"""The gateway's application on a real port, with the shipped model and no services; and a client for it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import urllib3
from PIL import Image as Picture

from consumer.gateway.app import Gateway, gateway_app
from consumer.gateway.limits import Door, DoorLimits
from consumer.gateway.probe import TaggingProbe
from consumer.gateway.tables import Tables
from consumer.gateway.tagging import Announcer, ImageTagger
from consumer.gateway.verdicts import Verdicts
from consumer.tagging.pipeline import TaggingPipeline
from consumer.telemetry.health import Health
from consumer.telemetry.http import serve
from consumer.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Client:
    """Calls of one gateway; each waits in a thread, so many may be under way."""

    url: str
    http: urllib3.PoolManager

    async def call(self, method: str, path: str, **options: Any) -> Answer:
        answer = await asyncio.to_thread(
            self.http.request, method, f"{self.url}{path}", timeout=30, retries=False, **options
        )
        return Answer(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data.decode()
        )

    async def tag(self, data: bytes, *, headers: Mapping[str, str] | None = None, **fields: Any) -> Answer:
        body = {"asset_id": "test/asset", "image_data": base64.b64encode(data).decode(), **fields}
        return await self.call("POST", "/api/v1/tag", json=body, headers=headers)


@dataclass(frozen=True, slots=True)
class Served:
    gateway: Gateway
    client: Client


@asynccontextmanager
async def served(
    pipeline: TaggingPipeline,
    *,
    limits: DoorLimits | None = None,
    metrics: Metrics | None = None,
    announcer: Announcer | None = None,
    timeout_seconds: float = 20,
) -> AsyncIterator[Served]:
    counted = metrics or Metrics()
    gateway = Gateway(
        tagger=ImageTagger(pipeline, counted, timeout_seconds=timeout_seconds, announcer=announcer),
        tables=Tables(None),
        verdicts=Verdicts(None, Tables(None)),
        probe=TaggingProbe(pipeline),
        door=Door(limits or DoorLimits()),
        health=Health(),
        metrics=counted,
    )
    gateway.health.add_readiness("tagging", lambda: gateway.probe.last_problem)
    gateway.health.add_refresher(gateway.probe.problem)
    async with serve(gateway_app(gateway), "127.0.0.1", 0, drain_seconds=5) as port:
        with urllib3.PoolManager(maxsize=32) as http:
            yield Served(gateway, Client(f"http://127.0.0.1:{port}", http))


def picture(seed: int, size: int = 96) -> bytes:
    """Return a PNG that is different for each seed, in what a model sees too."""
    ramp = Picture.linear_gradient("L").resize((size, size))
    disc = Picture.radial_gradient("L").resize((size, size))
    planes = [
        ramp.rotate(90 * (seed % 4)),
        disc.point(lambda level: (level * (1 + seed % 3)) % 256),
        ramp.point(lambda level: (level + seed * 37) % 256),
    ]
    buffer = io.BytesIO()
    Picture.merge("RGB", planes).save(buffer, "PNG")
    return buffer.getvalue()
