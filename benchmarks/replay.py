"""What tagging again costs: a replay against live tagging, live tagging beside a replay, a retag against a replay.

    make bench-replay          (run by hand: it takes minutes)

All with ViT-B-32 of random weights, on PNGs of 512 pixels. Rates are of the stretch between the first result and the
last, so that no start is in them; each round runs live tagging and a replay after one another, by turns in this order
and in the other, and the median counts.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks import retag
from benchmarks.support.bundles import vit_b_32
from benchmarks.support.figures import Figure, p95, report
from benchmarks.support.images import square_pngs
from benchmarks.support.services import make, new_pipeline
from devstack import Stack
from schemas import ObjectRef
from testkit.kafka_tools import Written, read_all
from testkit.running import Pipeline, ServiceProcess
from testkit.seeding import publish_all

DEADLINE_SECONDS = 300
PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Rate:
    """What a run took: on the clock, between its first result and its last, and of the CPUs, its start included."""

    per_second: float
    cpu_ms_each: float


@click.command()
@click.option("--assets", default=400, show_default=True, help="Assets that are tagged in each run.")
@click.option("--rounds", default=5, show_default=True, help="Rounds of live tagging and replay.")
@click.option("--live-events", default=80, show_default=True, help="Events whose latency is measured, each time.")
@click.option("--retag-assets", default=60_000, show_default=True, help="Synthetic events that are scored again.")
def main(assets: int, rounds: int, live_events: int, retag_assets: int) -> None:
    """Measure and report."""
    bundle = vit_b_32()
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            corner = _corner(stack, Path(folder), bundle)
            objects = [corner.upload(data) for data in square_pngs(512)]
            _publish(corner, [f"asset-{number}" for number in range(assets)], objects)
            pairs = [_round(corner, assets, replay_first=bool(number % 2)) for number in range(rounds)]
            idle_ms, beside_ms = _latencies(corner, objects, live_events)
            retagged = retag.measured(stack, retag_assets)
        finally:
            stack.reset()
    live, replay = (statistics.median(rate.per_second for rate in side) for side in zip(*pairs, strict=True))
    cpu_ratio = statistics.median(one.cpu_ms_each / two.cpu_ms_each for one, two in pairs)
    ratio = statistics.median(two.per_second / one.per_second for one, two in pairs)
    report(
        "bench-replay",
        [
            Figure("live_assets_per_second", live, "assets/s", None, "higher"),
            Figure("replay_assets_per_second", replay, "assets/s", None, "higher"),
            Figure("replay_over_live", ratio, "ratio", 0.95, "higher"),
            Figure("replay_over_live_by_cpu_time", cpu_ratio, "ratio", None, "higher"),
            Figure("live_idle_p95", p95(idle_ms), "ms", None, "lower"),
            Figure("live_p95_beside_a_replay", p95(beside_ms), "ms", None, "lower"),
            Figure("live_p95_beside_a_replay_over_idle", p95(beside_ms) / p95(idle_ms), "ratio", 2, "lower"),
            *retagged.figures(),
            Figure("retag_over_replay", retagged.assets / retagged.seconds / replay, "ratio", 50, "higher"),
        ],
    )


def _corner(stack: Stack, folder: Path, bundle: Path) -> Pipeline:
    corner = new_pipeline(stack, folder, AEGIS_MODEL_BUNDLE=str(bundle), AEGIS_TAGGER_REUSE="off")
    make(corner, "topics")
    return corner


def _publish(corner: Pipeline, asset_ids: Sequence[str], objects: Sequence[ObjectRef]) -> None:
    events = [corner.event(name, objects[number % len(objects)]) for number, name in enumerate(asset_ids)]
    asyncio.run(publish_all(corner, events))


def _round(corner: Pipeline, assets: int, *, replay_first: bool) -> tuple[Rate, Rate]:
    """Return the rates of live tagging and of a replay."""
    if replay_first:
        replay = _replay(corner, assets)
        return _live(corner, assets), replay
    return _live(corner, assets), _replay(corner, assets)


def _live(corner: Pipeline, assets: int) -> Rate:
    """Let a tagger of a new group work off what is there."""
    return _measured(corner, assets, [sys.executable, "-m", "consumer", "tagger"])


def _replay(corner: Pipeline, assets: int) -> Rate:
    name = f"r{uuid.uuid4().hex[:8]}"
    return _measured(corner, assets, [sys.executable, "-m", "aegis", "replay", "--name", name, "--nice", "0"])


def _measured(corner: Pipeline, assets: int, command: Sequence[str]) -> Rate:
    before, cpu_seconds = len(_tagged(corner)), _cpu_seconds()
    with _running(corner, command):
        records = _await_tagged(corner, before + assets)[before:]
    times_ms = [record.timestamp_ms for record in records]
    seconds = (max(times_ms) - min(times_ms)) / 1000
    return Rate((assets - 1) / seconds, (_cpu_seconds() - cpu_seconds) * 1000 / assets)


@contextmanager
def _running(corner: Pipeline, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**corner.environment, "AEGIS_TAGGER_GROUP": f"g{uuid.uuid4().hex[:8]}"}
    with (corner.log_dir / "bench.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _tagged(corner: Pipeline) -> list[Written]:
    """Return what was tagged, in the order in which it was."""
    records = asyncio.run(read_all(corner.bootstrap, corner.topics.tagged))
    return sorted(records, key=lambda record: record.timestamp_ms)


def _await_tagged(corner: Pipeline, count: int) -> list[Written]:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(found := _tagged(corner)) < count:
        if time.monotonic() > deadline:
            raise click.ClickException(f"{len(found)} of {count} were tagged within {DEADLINE_SECONDS} s")
        # Reading the topic over and over would take the CPUs from those that are measured.
        time.sleep(2)
    return found


def _latencies(corner: Pipeline, objects: Sequence[ObjectRef], events: int) -> tuple[list[float], list[float]]:
    """Return the latencies of single events on an idle tagger, and on one beside a replay."""
    tagger: ServiceProcess = corner.service("tagger", AEGIS_TAGGER_GROUP=f"g{uuid.uuid4().hex[:8]}")
    before = len(_tagged(corner))
    tagger.start()
    # Its group is new: it works off everything first.
    _await_tagged(corner, before + len(asyncio.run(read_all(corner.bootstrap, corner.topics.extracted))))
    idle_ms = _one_by_one(corner, objects, "idle", events)
    name = f"r{uuid.uuid4().hex[:8]}"
    before = len(_tagged(corner))
    with _running(corner, [sys.executable, "-m", "aegis", "replay", "--name", name]) as replay:
        _await_tagged(corner, before + 1)
        beside_ms = _one_by_one(corner, objects, "beside", events)
        if replay.poll() is not None:
            raise click.ClickException("the replay ended before the live events: take more --assets")
    tagger.stop()
    return idle_ms, beside_ms


def _one_by_one(corner: Pipeline, objects: Sequence[ObjectRef], kind: str, events: int) -> list[float]:
    """Publish one event after the other; return the time from each one's publication to that of its tags."""
    names = [f"{kind}-{number}" for number in range(events)]
    for number, name in enumerate(names):
        _publish(corner, [name], [objects[number % len(objects)]])
        time.sleep(PAUSE_SECONDS)
    deadline = time.monotonic() + DEADLINE_SECONDS
    wanted = {name.encode() for name in names}
    while len(tagged := _times(corner, corner.topics.tagged, wanted)) < events:
        if time.monotonic() > deadline:
            raise click.ClickException(f"{len(tagged)} of {events} live events were tagged")
        time.sleep(0.5)
    published = _times(corner, corner.topics.extracted, wanted)
    return [float(tagged[key] - published[key]) for key in wanted]


def _times(corner: Pipeline, topic: str, keys: set[bytes]) -> dict[bytes, int]:
    """Return when each key was first written, in ms."""
    records = asyncio.run(read_all(corner.bootstrap, topic))
    time_by_key: dict[bytes, int] = {}
    for record in records:
        if record.key in keys:
            time_by_key.setdefault(record.key, record.timestamp_ms)
    return time_by_key


def _cpu_seconds() -> float:
    """Return the CPU time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
