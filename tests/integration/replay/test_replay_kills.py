"""kill -9 in the middle of a replay: the next start goes on, and the result equals an undisturbed one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from testkit.kafka_tools import eventually
from testkit.running import Pipeline
from testkit.seeding import publish_all, seed, tagged_events

EVENTS = 240


@contextmanager
def started(corner: Pipeline, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command in the background; it is killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aegis", *arguments],
        env={**os.environ, **corner.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


async def test_killed_and_started_again_it_ends_as_if_nothing_had_happened(corner: Pipeline) -> None:
    """Two processes share it; one is killed in the middle, then the other; a third goes on alone."""
    events = await seed(corner, [f"asset-{number}" for number in range(EVENTS)], occurred_at="2026-01-01T00:00:00Z")
    await publish_all(corner, [corner.event(event.asset_id, event.object) for event in events[:20]])
    await corner.publish_raw(b"asset-30", None)
    calm, wild = f"{corner.topics.tagged}.calm", f"{corner.topics.tagged}.wild"
    assert corner.aegis("replay", "--name", "calm", "--output-topic", calm).returncode == 0

    async def at_least(count: int) -> None:
        async def there() -> bool:
            return len(await tagged_events(corner, wild)) >= count

        await eventually(there, f"{count} events on {wild}", timeout_seconds=60)

    wild_run = ("replay", "--name", "wild", "--output-topic", wild)
    with started(corner, *wild_run, "--rate", "30") as first, started(corner, *wild_run, "--rate", "30") as second:
        await eventually(lambda: first.poll() is None, "it runs")
        await at_least(EVENTS // 5)
        first.kill()
        await at_least(EVENTS // 3)
        second.kill()
    assert len(await tagged_events(corner, wild)) < EVENTS

    done = corner.aegis(*wild_run)

    assert done.returncode == 0, done.stderr
    assert f"replay wild: complete, {EVENTS - 1} assets" in done.stdout
    expected = {event.asset_id: event for event in await tagged_events(corner, calm)}
    found = {event.asset_id: event for event in await tagged_events(corner, wild)}
    assert len(expected) == EVENTS - 1
    assert {asset_id: (event.event_id, event.tags) for asset_id, event in found.items()} == {
        asset_id: (event.event_id, event.tags) for asset_id, event in expected.items()
    }


async def test_stopped_it_says_how_it_goes_on(corner: Pipeline) -> None:
    """SIGINT drains and commits: what was done is not done again."""
    await seed(corner, [f"asset-{number}" for number in range(60)])
    with started(corner, "replay", "--name", "stopped", "--rate", "15") as process:

        async def some() -> bool:
            return len(await tagged_events(corner)) >= 10

        await eventually(some, "ten events", timeout_seconds=60)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=40)
    done_before = len(await tagged_events(corner))
    assert process.returncode == 130
    assert "aegis replay --name stopped" in output

    rest = corner.aegis("replay", "--name", "stopped")

    assert rest.returncode == 0, rest.stderr
    assert f"{60 - done_before} of them tagged by this process" in rest.stdout
    assert len(await tagged_events(corner)) == 60


def test_the_command_line_says_what_is_wrong(corner: Pipeline) -> None:
    for arguments, named in (
        (("--from", "yesterday"), "2026-01-31T12:00:00Z"),
        (("--filter", "colour=red"), "asset=PATTERN"),
        (("--name", "a b"), "letters"),
        (("--output-topic", corner.topics.extracted), "what was extracted"),
    ):
        done = corner.aegis("replay", *arguments)
        assert done.returncode == 2, done.stderr
        assert named in done.stderr


def test_a_dry_run_prints_the_count(corner: Pipeline) -> None:
    done = corner.aegis("replay", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "0 assets would be tagged\n")
