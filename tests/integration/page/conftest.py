"""A gateway with a small library behind it, and a real browser before it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from aegis.shared.checkout import SAMPLES
from schemas.connections import DatabaseConnection
from testkit.corner import make_lasting_corner
from testkit.kafka_tools import eventually
from testkit.running import Pipeline, ServiceProcess, run
from tests.integration.gateway.conftest import gateway_process
from tests.unit.gateway.serving import Client

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""


@dataclass(frozen=True, slots=True)
class Library:
    """A corner of the stack whose tagger and sink run, and the gateway that shows it."""

    corner: Pipeline
    client: Client

    @property
    def database(self) -> DatabaseConnection:
        environment = self.corner.environment
        return DatabaseConnection(dsn=environment["AEGIS_PG_DSN"], AEGIS_PG_SCHEMA=environment["AEGIS_PG_SCHEMA"])

    async def textures(self) -> int:
        return len(await self.corner.rows("SELECT 1 FROM assets"))

    async def is_counted(self) -> bool:
        """Tell whether the kept counts are those of now; other tests store textures too."""
        page = (await self.client.call("GET", "/", headers={"accept": "text/html"})).text
        return f"{await self.textures()} textures" in page


@pytest.fixture(scope="session")
def library(stack_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    corner = make_lasting_corner(stack_environment, tmp_path_factory.mktemp("page"))
    services: list[ServiceProcess] = [corner.service("tagger"), corner.service("sink")]
    for service in services:
        service.start()
    try:
        folders = [SAMPLES / name for name in ("supertuxkart", "freedoom", "unknown-horizons")]
        output = str(corner.log_dir / "extracted")
        done = corner.aegis("extract", *map(str, folders), "--ai-tagging", "--wait", "--output", output)
        assert done.returncode == 0, done.stderr
        count = sum(1 for folder in folders for _ in folder.glob("*.png"))
        run(eventually(lambda: _are_stored(corner, count), f"{count} textures are stored"))
        with gateway_process(corner) as (_, client):
            yield Library(corner, client)
    finally:
        corner.end()


async def _are_stored(corner: Pipeline, count: int) -> bool:
    return len(await corner.rows("SELECT 1 FROM assets")) == count


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM:
        pytest.fail("the page's tests need Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        # Without its sandbox where we are root, as in a container: it shows nothing but our own page.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        await opened.close()


Visit = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture
def visit(browser: Browser, library: Library) -> Visit:
    """Open pages of the gateway; none may raise an error in a script, or load anything from another host."""

    @asynccontextmanager
    async def opened(path: str = "/", **context: Any) -> AsyncIterator[Page]:
        faults: list[str] = []
        await eventually(library.is_counted, "the counts are those of now")
        async with await browser.new_context(base_url=library.client.url, **context) as session:
            page = await session.new_page()
            page.on("pageerror", lambda error: faults.append(f"script: {error}"))
            page.on("console", lambda said: faults.extend(_complaints(said)))
            page.on("request", lambda asked: faults.extend(_foreign(asked.url, library.client.url)))
            await page.goto(path)
            yield page
        assert faults == []

    return opened


def _complaints(said: ConsoleMessage) -> list[str]:
    # A refusal of the API is told in the page, and Chromium notes it here as well.
    is_refusal = "status of 422" in said.text
    return [f"console: {said.text}"] if said.type == "error" and not is_refusal else []


def _foreign(url: str, own: str) -> list[str]:
    parts = urlsplit(url)
    return [] if parts.netloc == urlsplit(own).netloc or parts.scheme in {"data", "blob"} else [f"loads {url}"]
