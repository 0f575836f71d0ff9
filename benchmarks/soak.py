"""Whether memory grows under a steady light load: tagger, sink and publishing gateway, watched for hours.

    python -m benchmarks.soak [--minutes 120]

Among the events are ones that nobody can read and removals, among the requests ones that are cut off. What a process
takes in its first quarter is left out: caches fill and allocators settle then. The slope is that of the line of least
squares; its standard error says how far it can be trusted.
"""

from __future__ import annotations

import asyncio
import base64
import json
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import click
import numpy as np
import psutil

from benchmarks.support.figures import Figure, report
from benchmarks.support.images import SAMPLES
from benchmarks.support.services import make, new_pipeline
from devstack import Stack
from testkit.kafka_tools import eventually
from testkit.running import Pipeline, ServiceProcess

_SAMPLE_SECONDS = 10.0
_EVENT_SECONDS, _REQUEST_SECONDS = 0.35, 1.0
_ASSETS = 500
_UNREADABLE_EVERY, _REMOVAL_EVERY, _CUT_OFF_EVERY = 50, 70, 20
_WARM_UP_SHARE = 0.25
GOAL_MB_PER_HOUR = 1.0


@dataclass(slots=True)
class Watched:
    """One process: when it was looked at, and what it took then."""

    process: psutil.Process
    seconds: list[float] = field(default_factory=list)
    rss_bytes: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def look(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.rss_bytes.append(self.process.memory_info().rss)
        self.files.append(self.process.num_fds())


@click.command()
@click.option("--minutes", default=120.0, show_default=True, help="How long to watch, warm-up included.")
def main(minutes: float) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-soak-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            pipeline = new_pipeline(stack, Path(folder), AEGIS_GATEWAY_PORT="0", AEGIS_GATEWAY_PUBLISH="true")
            make(pipeline, "topics", "tables")
            report("soak", asyncio.run(_measured(pipeline, minutes)))
        finally:
            stack.reset()


async def _measured(pipeline: Pipeline, minutes: float) -> list[Figure]:
    services = [pipeline.service(name) for name in ("tagger", "sink", "gateway")]
    for service in services:
        service.start()
    try:
        gateway = services[-1]
        await eventually(lambda: _address_of(gateway) is not None, "the gateway listens")
        watched = {service.name: Watched(psutil.Process(service.process.pid)) for service in services}
        load = [
            asyncio.create_task(_feed(pipeline)),
            asyncio.create_task(_ask(_address_of(gateway) or "")),
        ]
        started = time.monotonic()
        while (seconds := time.monotonic() - started) < minutes * 60:
            for item in watched.values():
                item.look(seconds)
            failed = [task for task in load if task.done()]
            for task in failed:
                task.result()
            await asyncio.sleep(_SAMPLE_SECONDS)
        for task in load:
            task.cancel()
        (stored,) = await pipeline.rows("SELECT count(*) FROM assets")
        return [*_figures(watched, minutes), Figure("assets_stored", stored[0], "assets", None, "higher")]
    finally:
        for service in services:
            await asyncio.to_thread(service.stop)


async def _feed(pipeline: Pipeline) -> None:
    objects = [pipeline.upload(path.read_bytes()) for path in sorted(SAMPLES.rglob("*.png"))]
    for number in count(1):
        asset_id = f"soak/{number % _ASSETS}"
        if number % _UNREADABLE_EVERY == 0:
            await pipeline.publish_raw(asset_id.encode(), b"{bad")
        elif number % _REMOVAL_EVERY == 0:
            await pipeline.publish_raw(asset_id.encode(), None)
        else:
            await pipeline.publish(pipeline.event(asset_id, objects[number % len(objects)]))
        await asyncio.sleep(_EVENT_SECONDS)


async def _ask(address: str) -> None:
    pictures = [base64.b64encode(path.read_bytes()).decode() for path in sorted(SAMPLES.rglob("*.png"))]
    for number in count(1):
        request = {"asset_id": f"soak-gateway/{number % _ASSETS}", "image_data": pictures[number % len(pictures)]}
        body = json.dumps(request).encode()
        await asyncio.to_thread(_post, address, body[:-40] if number % _CUT_OFF_EVERY == 0 else body)
        await asyncio.sleep(_REQUEST_SECONDS)


def _post(address: str, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{address}/api/v1/tag", body, headers)  # noqa: S310 - our own http address
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            answer.read()
    except urllib.error.HTTPError as error:
        error.close()


def _address_of(gateway: ServiceProcess) -> str | None:
    return next((line["url"] for line in gateway.events() if "url" in line), None)


def _figures(watched: Mapping[str, Watched], minutes: float) -> list[Figure]:
    figures = [Figure("watched", minutes, "minutes", None, "higher")]
    for name, item in watched.items():
        seconds = np.array(item.seconds)
        kept = seconds >= _WARM_UP_SHARE * minutes * 60
        hours = seconds[kept] / 3600
        rss_mb = np.array(item.rss_bytes)[kept] / 1e6
        (slope, _), covariance = np.polyfit(hours, rss_mb, 1, cov=True)
        figures += [
            Figure(f"{name}_rss_slope", float(slope), "MB/h", GOAL_MB_PER_HOUR, "lower"),
            Figure(f"{name}_rss_slope_error", float(np.sqrt(covariance[0, 0])), "MB/h", None, "lower"),
            Figure(f"{name}_rss_at_first", float(rss_mb[0]), "MB", None, "lower"),
            Figure(f"{name}_rss_at_last", float(rss_mb[-1]), "MB", None, "lower"),
            Figure(f"{name}_open_files_grown", item.files[-1] - item.files[int(np.argmax(kept))], "files", 0, "lower"),
        ]
    return figures


if __name__ == "__main__":
    main()
