"""`make compose-test`: the README's production section word for word, then kills and restarts of what it started."""

from __future__ import annotations

import asyncio
import json
import shlex
import statistics
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from benchmarks.support.figures import Figure
from schemas import AssetExtracted, encode_event
from testkit.kafka_tools import eventually, read_all, write
from testkit.running import Pipeline, new_asset_id, texture
from tests.containers.composed import Composed, copied
from tests.containers.docker import docker, inspect, require
from tests.containers.readme import production_blocks
from tests.containers.standins import BASE_IMAGE
from tests.integration.prometheus import query, rules

pytestmark = pytest.mark.containers

START, USE, WATCH, STOP = range(4)
TAGGERS = 3
TIMED_EVENTS = 30
# A member that was killed is missed after its session's 30 seconds, and its partitions are read again from then on.
TAKEOVER_SECONDS = 120.0


@pytest.fixture(scope="module")
def composed(
    have_image: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory, figures: list[Figure]
) -> Iterator[Composed]:
    """The system after the first block; ends with the last one, and with its data gone."""
    require(compose=True)
    system = copied(tmp_path_factory.mktemp("checkout"))
    have_image(BASE_IMAGE)
    build, secrets, up = production_blocks()[START].splitlines()
    stop = threading.Event()
    watch = threading.Thread(target=system.watch_memory, args=(stop,))
    try:
        system.shell(f"{build}\n{secrets}")
        for name in set(system.compose("config", "--images").split()) - {"aegis-tagger"}:
            have_image(name)
        watch.start()
        started = time.monotonic()
        system.shell(up)
        figures.append(Figure("up_to_ready", time.monotonic() - started, "s", None, "lower"))
        figures.append(Figure("image_size", inspect("aegis-tagger")["Size"] / 1e6, "MB", 450, "lower"))
        yield system
        system.shell(production_blocks()[STOP])
        assert system.compose("ps", "--quiet") == ""
    finally:
        stop.set()
        if watch.is_alive():
            watch.join()
        system.compose("--profile", "*", "down", "--volumes", "--timeout", "5")
        figures += [
            Figure(f"peak_memory_{service}", used / 2**20, "MiB", None, "lower")
            for service, used in sorted(system.peaks.items())
        ]


@pytest.fixture(scope="module")
def pipeline(composed: Composed) -> Pipeline:
    return composed.pipeline()


async def _rows(pipeline: Pipeline, events: list[AssetExtracted]) -> int:
    ids = [event.asset_id for event in events]
    return len(await pipeline.rows("SELECT 1 FROM assets WHERE asset_id = ANY($1::text[])", ids))


async def _all_stored(pipeline: Pipeline, events: list[AssetExtracted], timeout_seconds: float = 60) -> None:
    async def there() -> bool:
        return await _rows(pipeline, events) == len(events)

    await eventually(there, f"rows of {len(events)} events", timeout_seconds)


def _events(pipeline: Pipeline, count: int, seed: int) -> list[AssetExtracted]:
    reference = pipeline.upload(texture(seed, size=256))
    return [pipeline.event(new_asset_id("compose"), reference) for _ in range(count)]


async def _publish_at_once(pipeline: Pipeline, events: list[AssetExtracted]) -> None:
    records = [(event.asset_id.encode(), encode_event(event)) for event in events]
    await write(pipeline.bootstrap, pipeline.topics.extracted, records)


async def _whole(composed: Composed) -> None:
    """Wait until every tagger runs and takes work."""
    composed.compose("up", "--detach", "--wait", "--scale", f"tagger={TAGGERS}")
    assert [item["Health"] for item in composed.containers("tagger")] == ["healthy"] * TAGGERS


def test_what_starts_is_ready_and_reached_from_this_machine_alone(composed: Composed) -> None:
    """Three taggers, each with partitions; no port beyond the loopback."""
    running = [json.loads(line) for line in composed.compose("ps", "--format", "json").splitlines()]
    published = {port["URL"] for item in running for port in item["Publishers"] or () if port["PublishedPort"]}

    assert published == {"127.0.0.1"}
    assert {item["Health"] for item in running} == {"healthy"}
    assert len([item for item in running if item["Service"] == "tagger"]) == TAGGERS


def test_textures_are_extracted_tagged_and_found_as_the_readme_says(composed: Composed) -> None:
    """By tools that run in a container, on a file of this folder."""
    said = composed.shell(production_blocks()[USE])

    assert "sample.unity3d" in said
    tags = json.loads((composed.folder / "extracted" / "tags.json").read_text())
    assert all(item["tags"] for item in tags["textures"])


async def test_an_event_becomes_a_row(composed: Composed, pipeline: Pipeline, figures: list[Figure]) -> None:
    """One after the other, from the acknowledged event to the row."""
    seconds = []
    for number in range(TIMED_EVENTS + 3):
        (event,) = _events(pipeline, 1, number)
        await pipeline.publish(event)
        started = time.monotonic()
        while not await _rows(pipeline, [event]):
            assert time.monotonic() - started < 60
        seconds.append(time.monotonic() - started)
    figures.append(Figure("event_to_row_p50", statistics.median(seconds[3:]) * 1000, "ms", None, "lower"))


async def test_a_killed_tagger_loses_nothing_and_is_replaced(composed: Composed, pipeline: Pipeline) -> None:
    """Killed amid its work by `docker kill`: the others take over, `up` brings a new one."""
    await _whole(composed)
    events = _events(pipeline, 600, 40)
    await _publish_at_once(pipeline, events)
    docker("kill", composed.containers("tagger")[0]["ID"])

    assert await _rows(pipeline, events) < len(events), "it was not amid its work: take more events"
    assert len(composed.containers("tagger")) == TAGGERS - 1
    await _all_stored(pipeline, events, TAKEOVER_SECONDS)
    await _whole(composed)
    tagged = [item for item in await read_all(pipeline.bootstrap, pipeline.topics.tagged) if item.value]
    of_ours = {event.asset_id.encode() for event in events}
    event_ids = {(item.key, json.loads(item.value or b"")["event_id"]) for item in tagged if item.key in of_ours}
    assert len(event_ids) == len(events), "a redelivery must give the same event"


async def test_a_tagger_that_crashes_is_started_again(composed: Composed) -> None:
    """By its restart policy: a second SIGTERM ends a process at once, as a crash would."""
    await _whole(composed)
    container = composed.containers("tagger")[0]["ID"]
    before = inspect(container)["RestartCount"]

    docker("exec", container, "python", "-c", "import os, signal\nfor _ in range(2): os.kill(1, signal.SIGTERM)")

    await eventually(lambda: inspect(container)["RestartCount"] == before + 1, "the container restarted", 30)
    await eventually(lambda: inspect(container)["State"]["Health"]["Status"] == "healthy", "it is healthy", 90)


async def test_a_restart_of_everything_loses_nothing(composed: Composed, pipeline: Pipeline) -> None:
    """Stopped with work in flight, Kafka, the store and the database too: it goes on where it was."""
    await _whole(composed)
    done = _events(pipeline, 20, 50)
    await pipeline.publish(*done)
    await _all_stored(pipeline, done)
    in_flight = _events(pipeline, 600, 51)
    await _publish_at_once(pipeline, in_flight)

    composed.shell(production_blocks()[STOP])
    assert composed.compose("ps", "--all", "--quiet") == ""
    await _whole(composed)

    await _all_stored(pipeline, [*done, *in_flight], TAKEOVER_SECONDS)
    letters = await read_all(pipeline.bootstrap, f"{pipeline.topics.extracted}.dlq")
    assert letters == []


async def test_the_gateway_tags_an_image_for_those_who_have_the_key(composed: Composed) -> None:
    await _whole(composed)
    secrets = dict(line.split("=", 1) for line in (composed.folder / ".env").read_text().splitlines())
    address = f"http://127.0.0.1:{composed.variables['GATEWAY_PORT']}/api/v1/tag/file"
    form = ["--form", "asset_id=banana", "--form", "file=@samples/supertuxkart/banana.png"]

    key = ["--header", f"X-API-Key: {secrets['GATEWAY_API_KEY']}"]

    answer = json.loads(composed.shell(shlex.join(["curl", "--silent", "--fail", *key, *form, address])))
    refused = json.loads(composed.shell(shlex.join(["curl", "--silent", *form, address])))

    assert answer["status"] == "success"
    assert refused["status"] == "error"


async def test_prometheus_scrapes_every_process_and_knows_the_alerts(
    composed: Composed, have_image: Callable[[str], None]
) -> None:
    """Each replica by name resolution, so that a new one is scraped without being configured."""
    have_image(_image(composed, "prometheus"))
    await _whole(composed)
    composed.compose("up", "--detach", "--wait", "prometheus")
    address = f"http://127.0.0.1:{composed.variables['PROMETHEUS_PORT']}"

    def scraped() -> bool:
        up = {series["metric"]["job"]: int(series["value"][1]) for series in query(address, "sum by (job) (up)")}
        return up.items() >= {"tagger": TAGGERS, "sink": 1, "gateway": 1}.items()

    await eventually(scraped, "every process scraped", 60)
    assert "AegisStalled" in {rule["name"] for rule in rules(address)}


async def test_grafana_shows_our_dashboard(composed: Composed, have_image: Callable[[str], None]) -> None:
    """As the README says; where Grafana cannot be pulled, its dashboard is proven by the queries in it alone."""
    for name in ("prometheus", "grafana"):
        have_image(_image(composed, name))
    composed.shell(production_blocks()[WATCH])
    secrets = dict(line.split("=", 1) for line in (composed.folder / ".env").read_text().splitlines())
    port = composed.variables["GRAFANA_PORT"]
    address = f"http://127.0.0.1:{port}/api/search?type=dash-db"
    curl = ["curl", "--silent", "--user", f"admin:{secrets['GRAFANA_ADMIN_PASSWORD']}", address]

    async def shown() -> bool:
        process = await asyncio.create_subprocess_exec(*curl, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        return b"Aegis Tagger" in out

    await eventually(shown, "the dashboard in Grafana", 90)


def _image(composed: Composed, service: str) -> str:
    services = json.loads(composed.compose("--profile", "*", "config", "--format", "json"))["services"]
    return str(services[service]["image"])
