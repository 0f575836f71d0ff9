"""How fast the gateway answers: beside a peer that tags one request at a time, and in the first service's own form.

    make bench-replay          (run by hand: it takes minutes)

ViT-B-32 of random weights, PNGs of 512 pixels, five clients at once. The peer (benchmarks/support/peer.py) runs fp32
on all cores, one image after the other, its text embeddings computed before. Gateway and peer take turns, and the
median of the rounds counts. How many tags a texture gets is asked of the shipped model, on samples as they are.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import urllib3

from benchmarks.support.bundles import vit_b_32
from benchmarks.support.figures import Figure, p95, report
from benchmarks.support.images import SAMPLES, square_pngs
from benchmarks.support.peer import serve_one_at_a_time
from consumer.imaging.picture import ImageLimits
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.inference.embed import open_embedder
from consumer.tagging.pipeline import TaggingPipeline
from devstack.state import free_port

CLIENTS = 5
FIRST_SERVICE_REQUESTS = 50
START_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: how long the client waited, how long the service says it took (None: it failed)."""

    ms: float
    service_ms: float | None


@dataclass(frozen=True, slots=True)
class Load:
    answers: list[Answered]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.answers) / self.seconds

    @property
    def p95_ms(self) -> float:
        return p95([answer.ms for answer in self.answers])


@click.command()
@click.option("--requests", default=200, show_default=True, help="Requests in each round, to each of the two.")
@click.option("--rounds", default=3, show_default=True, help="Rounds.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Another model than ViT-B-32 of random weights.")
def main(requests: int, rounds: int, bundle: Path | None) -> None:
    """Measure and report."""
    bundle = bundle or vit_b_32()
    pictures = square_pngs(512)
    with _gateway(bundle) as gateway, _peer(bundle) as peer:
        for address in (gateway, peer):
            _load(address, pictures, 4 * CLIENTS)
        pairs = [(_load(gateway, pictures, requests), _load(peer, pictures, requests)) for _ in range(rounds)]
        first = _load(gateway, pictures, FIRST_SERVICE_REQUESTS)
    ratio = statistics.median(ours.per_second / theirs.per_second for ours, theirs in pairs)
    succeeded = [answer for answer in first.answers if answer.service_ms is not None]
    emitted, sure = _tags_of_samples()
    report(
        "bench-gateway",
        [
            Figure("gateway_p95", statistics.median(ours.p95_ms for ours, _ in pairs), "ms", 150, "lower"),
            Figure("gateway_requests_per_second", _rate(ours for ours, _ in pairs), "requests/s", None, "higher"),
            Figure("peer_requests_per_second", _rate(theirs for _, theirs in pairs), "requests/s", None, "higher"),
            Figure("gateway_over_peer", ratio, "ratio", 3, "higher"),
            Figure("first_service_slowest_request", max(answer.ms for answer in first.answers), "ms", 2000, "lower"),
            Figure(
                "first_service_slowest_by_its_own_clock",
                max((answer.service_ms or 0 for answer in succeeded), default=0),
                "ms",
                1500,
                "lower",
            ),
            Figure("first_service_success", len(succeeded) / len(first.answers), "share", 0.99, "higher"),
            Figure("tags_in_an_event_at_least", statistics.median(emitted), "tags", 5, "higher"),
            Figure("tags_in_an_event_at_most", statistics.median(emitted), "tags", 15, "lower"),
            Figure("tags_at_0.7", statistics.median(sure), "tags", None, "higher"),
        ],
    )


@contextmanager
def _gateway(bundle: Path) -> Iterator[str]:
    """Start a gateway without database and events; yield its address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AEGIS_")}
    environment |= {
        "AEGIS_MODEL_BUNDLE": str(bundle),
        "AEGIS_GATEWAY_PORT": "0",
        "AEGIS_OPS_LOG_FORMAT": "json",
    }
    with tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "consumer", "gateway"], env=environment, stdout=log, stderr=log
        )
        try:
            yield _await(lambda: _address_in(Path(log.name)), "the gateway")
        finally:
            process.terminate()
            process.wait(60)


def _address_in(log: Path) -> str | None:
    match = re.search(r'"url": "(http://[^"]+)"', log.read_text())
    return match[1] if match else None


@contextmanager
def _peer(bundle: Path) -> Iterator[str]:
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve_one_at_a_time, args=(bundle, port), daemon=True)
    process.start()
    address = f"http://127.0.0.1:{port}"

    def ready() -> str | None:
        if not process.is_alive():
            raise click.ClickException("the peer ended before it answered: what it wrote stands above")
        return address if _answers(address) else None

    try:
        yield _await(ready, "the peer")
    finally:
        process.terminate()
        process.join()


def _answers(address: str) -> bool:
    try:
        return urllib3.request("GET", f"{address}/health", retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _await(find: Callable[[], str | None], what: str) -> str:
    deadline = time.monotonic() + START_SECONDS
    while (found := find()) is None:
        if time.monotonic() > deadline:
            raise click.ClickException(f"{what} did not start within {START_SECONDS} s")
        time.sleep(0.2)
    return found


def _load(address: str, pictures: Sequence[bytes], requests: int) -> Load:
    bodies = [
        json.dumps({"asset_id": f"bench/{number}", "image_data": base64.b64encode(picture).decode()}).encode()
        for number, picture in enumerate(pictures)
    ]
    with urllib3.PoolManager(maxsize=CLIENTS) as http, ThreadPoolExecutor(CLIENTS) as clients:
        started = time.perf_counter()
        answers = list(clients.map(lambda number: _asked(http, address, bodies[number % len(bodies)]), range(requests)))
        return Load(answers, time.perf_counter() - started)


def _asked(http: urllib3.PoolManager, address: str, body: bytes) -> Answered:
    started = time.perf_counter()
    answer = http.request(
        "POST", f"{address}/api/v1/tag", body=body, headers={"content-type": "application/json"}, retries=False
    )
    ms = (time.perf_counter() - started) * 1000
    fields: dict[str, Any] = answer.json() if answer.status == 200 else {}
    return Answered(ms, fields.get("processing_time_ms"))


def _rate(loads: Iterator[Load]) -> float:
    return statistics.median(load.per_second for load in loads)


def _tags_of_samples() -> tuple[list[int], list[int]]:
    """Return how many tags each sample's event has, and how many of at least 0.7 there are."""

    async def count() -> tuple[list[int], list[int]]:
        bundle = load_bundle(default_bundle_path())
        pipeline = TaggingPipeline(bundle, open_embedder(bundle), limits=ImageLimits())
        emitted, sure = [], []
        for path in sorted(SAMPLES.rglob("*.png")):
            prepared = await pipeline.prepare(path.read_bytes())
            vector = (await pipeline.embed(prepared)).vector
            names = (str(path.relative_to(SAMPLES)),)
            emitted.append(len(pipeline.score(vector, prepared.facts, names).tags))
            sure.append(len(pipeline.score(vector, prepared.facts, names, threshold=0.7).tags))
        await pipeline.close()
        return emitted, sure

    return asyncio.run(count())


if __name__ == "__main__":
    main()
