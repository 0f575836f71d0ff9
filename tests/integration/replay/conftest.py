"""A corner of the stack for each module; the settings of this process point at it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from consumer.replay.plans.plan import Start
from consumer.replay.progress import Progress
from consumer.replay.run import ReplayReport, ReplayRequest, run_replay
from consumer.replay.selecting.filters import AssetFilter
from testkit.corner import make_corner
from testkit.running import Pipeline
from testkit.seeding import renamed_taxonomy

Replay = Callable[..., Awaitable[ReplayReport]]


@pytest.fixture
def corner(
    stack_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Pipeline:
    # Killed members are missed after so long.
    quick = {"AEGIS_STREAM_SESSION_TIMEOUT_SECONDS": "6"}
    made = make_corner(stack_environment, tmp_path_factory.mktemp("replay"), **quick)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture(scope="session")
def next_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model with a taxonomy of another digest."""
    return renamed_taxonomy(tmp_path_factory.mktemp("bundles") / "next", "next")


@pytest.fixture
def replay(corner: Pipeline) -> Replay:
    """Run a replay in this process."""

    async def run(
        name: str = "again",
        *,
        start: Start | None = None,
        filters: tuple[str, ...] = (),
        output_topic: str | None = None,
        stop: asyncio.Event | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> ReplayReport:
        request = ReplayRequest(name, start or Start(), AssetFilter.parse(filters), output_topic)
        async with asyncio.timeout(90):
            return await run_replay(request, stop or asyncio.Event(), lambda *_: None, on_progress)

    return run
