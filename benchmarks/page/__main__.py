"""How fast the gateway's page answers, and what it costs: first page, facets, search, likeness, thumbnails, memory.

    make page-bench            (about ten minutes; ARGS="--textures 1000000" for more)

A PostgreSQL and an S3 store of its own, a library made within the database, and the gateway as a process of its own,
asked over HTTP by one client. Times are those of the client, from the request to the last byte.
"""

from __future__ import annotations

import asyncio
import io
import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import click
import numpy as np
import psutil
import urllib3
from PIL import Image

from benchmarks.page.library import RELATIONS, WORDS, make_library
from benchmarks.support.figures import Figure, p95, report
from consumer.storage.objects import ObjectStore
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from devstack import Stack
from schemas.connections import DatabaseConnection, ObjectStoreConnection
from schemas.objects import object_key, sha256_hex
from testkit.running import ServiceProcess

GOAL_MS = 100
THUMBNAILS = 1000
QUESTIONS = 200
ROUNDS_OF_MEMORY = 5
START_SECONDS = 60
MOST_GROWTH_MIB = 32
_SHIFT = """() => new Promise((resolve) => { let sum = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value })
    .observe({ type: 'layout-shift', buffered: true }); setTimeout(() => resolve(sum), 500) })"""


class Client:
    """Asks the gateway, and knows how long each answer took."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = urllib3.PoolManager(maxsize=4)

    def get(self, path: str) -> tuple[float, str]:
        """Return milliseconds and text."""
        started = time.perf_counter()
        answer = self._http.request("GET", self._url + path, headers={"accept": "text/html"}, retries=False)
        spent_ms = (time.perf_counter() - started) * 1000
        if answer.status != 200:
            raise click.ClickException(f"{path}: {answer.status} {answer.data[:300]!r}")
        return spent_ms, "" if answer.headers["content-type"].startswith("image/") else answer.data.decode()


@click.command()
@click.option("--textures", default=100_000, show_default=True, help="Textures in the library.")
@click.option("--embedded", default=100_000, show_default=True, help="Textures that have an embedding, at most.")
@click.option("--name", default="page", show_default=True, help="Name of the file of figures.")
def main(textures: int, embedded: int, name: str) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-page-") as folder:
        stack = Stack(Path(folder) / "stack")
        for component in stack.components[1:]:
            stack.start(component.name)
        try:
            variables: dict[str, str] = {}
            for component in stack.components[1:]:
                variables |= component.variables(stack.state())
            variables |= {"AEGIS_S3_BUCKET": "bench", "AEGIS_OPS_LOG_FORMAT": "json", "AEGIS_GATEWAY_PORT": "0"}
            digests = _prepare(variables, textures, min(embedded, textures))
            with _gateway(variables, Path(folder)) as (client, process):
                figures = _measure(client, process, digests)
        finally:
            stack.reset()
    report(name, [Figure("textures", textures, "textures", None, "higher"), *figures])


def _prepare(variables: dict[str, str], textures: int, embedded: int) -> list[str]:
    """Make the library and its pictures; return the hashes of those."""
    started = time.perf_counter()
    pictures = {sha256_hex(data): data for data in _pictures(min(THUMBNAILS, embedded))}
    asyncio.run(_upload(variables, pictures))
    model = load_bundle(default_bundle_path()).digest
    database = DatabaseConnection(dsn=variables["AEGIS_PG_DSN"])
    asyncio.run(make_library(database, textures, embedded, model, list(pictures)))
    click.echo(f"a library of {textures:,} textures after {time.perf_counter() - started:.0f} s", err=True)
    return list(pictures)


def _pictures(count: int) -> Iterator[bytes]:
    rng = np.random.default_rng(3)
    for _ in range(count):
        texels = rng.integers(0, 256, (32, 32, 3), np.uint8).repeat(16, 0).repeat(16, 1)
        buffer = io.BytesIO()
        Image.fromarray(texels).save(buffer, "PNG")
        yield buffer.getvalue()


async def _upload(variables: dict[str, str], pictures: dict[str, bytes]) -> None:
    store = ObjectStore(
        ObjectStoreConnection(
            endpoint=variables["AEGIS_S3_ENDPOINT"],
            access_key=variables["AEGIS_S3_ACCESS_KEY"],
            secret_key=variables["AEGIS_S3_SECRET_KEY"],
            bucket=variables["AEGIS_S3_BUCKET"],
        )
    )
    await store.ensure_bucket()
    for digest, data in pictures.items():
        await store.put_if_absent(object_key(digest, "png"), data, "image/png")
    store.close()


@contextmanager
def _gateway(variables: dict[str, str], folder: Path) -> Iterator[tuple[Client, psutil.Process]]:
    service = ServiceProcess("gateway", variables, folder / "gateway.log")
    service.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (ready := [event for event in service.events() if event["event"] == "gateway.ready"]):
            if service.process.poll() is not None or time.monotonic() > deadline:
                raise click.ClickException(service.log_path.read_text()[-2000:])
            time.sleep(0.1)
        yield Client(ready[0]["url"]), psutil.Process(service.process.pid)
    finally:
        service.stop()


def _measure(client: Client, process: psutil.Process, digests: list[str]) -> list[Figure]:
    rng = random.Random(1)
    while "being counted" in (page := client.get("/")[1]):
        time.sleep(0.2)
    tags = re.findall(r'href="/\?tag=([a-z_0-9]+)"', page)
    assets = re.findall(r'data-asset="([^"]+)"', page)

    def facet() -> str:
        chosen = "&".join(f"tag={tag}" for tag in rng.sample(tags, rng.choice((1, 1, 2))))
        order = rng.choice(("", "", "&sort=newest", "&sort=least-sure"))
        return f"/?{chosen}{order}{rng.choice(('', '&min=0.5', '&min=0.8'))}"

    questions: dict[str, Callable[[], str]] = {
        "first_page": lambda: "/",
        "facet_change": facet,
        "relation_change": lambda: f"/?relation={rng.choice(tuple(RELATIONS))}",
        "order_change": lambda: rng.choice(("/?sort=surest", "/?sort=least-sure")),
        "word_search": lambda: f"/?q={quote(rng.choice(WORDS))}",
        "likeness": lambda: f"/?like={quote(rng.choice(assets))}",
        "texture": lambda: f"/textures/{quote(rng.choice(assets))}",
    }
    figures = []
    for name, question in questions.items():
        client.get(question())
        times_ms = [client.get(question())[0] for _ in range(QUESTIONS)]
        figures.append(Figure(f"{name}_p95", p95(times_ms), "ms", GOAL_MS, "lower"))
        figures.append(Figure(f"{name}_slowest", max(times_ms), "ms", None, "lower"))
    made_ms = [client.get(f"/thumbs/320/{digest}.webp")[0] for digest in digests]
    warm_ms = [client.get(f"/thumbs/320/{digest}.webp")[0] for digest in digests]
    figures += [
        Figure("thumbnail_made_p95", p95(made_ms), "ms", None, "lower"),
        Figure("thumbnail_warm_p95", p95(warm_ms), "ms", GOAL_MS, "lower"),
    ]
    sizes = []
    for _ in range(ROUNDS_OF_MEMORY):
        for question in questions.values():
            for _ in range(QUESTIONS // ROUNDS_OF_MEMORY):
                client.get(question())
        for digest in digests[: THUMBNAILS // ROUNDS_OF_MEMORY]:
            client.get(f"/thumbs/320/{digest}.webp")
        sizes.append(process.memory_info().rss / 2**20)
    figures += [
        Figure("gateway_memory", sizes[-1], "MiB", None, "lower"),
        Figure("gateway_memory_growth", sizes[-1] - sizes[0], "MiB", MOST_GROWTH_MIB, "lower"),
    ]
    shift = asyncio.run(_layout_shift(client))
    return [*figures, *([] if shift is None else [Figure("layout_shift", shift, "", 0, "lower")])]


async def _layout_shift(client: Client) -> float | None:
    """Return how much moves while a gallery's pictures come, None without Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return None
    from playwright.async_api import async_playwright  # noqa: PLC0415 - not there where no browser is

    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = await browser.new_page()
        await page.goto(client._url, wait_until="load")  # noqa: SLF001 - ours
        shift = float(await page.evaluate(_SHIFT))
        await browser.close()
    return shift


if __name__ == "__main__":
    main()
