"""Prometheus scrapes every service at work: each dashboard query, and each alert, is answered."""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from PIL import Image

from consumer.storage.lake.lake import Lake
from devstack.state import free_port
from schemas import ObjectRef
from testkit.kafka_tools import eventually
from testkit.running import Pipeline, new_asset_id, texture
from tests.integration.gateway.conftest import gateway_process
from tests.integration.lake.conftest import make_bucket, place_in
from tests.integration.prometheus import query, rules
from tests.unit.deploy.queries import PROMETHEUS, dashboard_queries
from tests.unit.gateway.serving import Client, picture

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus is not on the PATH (Debian: apt-get install prometheus)"
)

# What a healthy run has none of: the labels of these are error classes and reasons.
EMPTY_WHEN_WELL = ("aegis_commit_failures_total", "aegis_position_moves_total", "aegis_lake_conflicts_total")


class _Metrics(SimpleHTTPRequestHandler):
    """Serves a folder as node_exporter serves its textfiles."""

    def guess_type(self, path: object) -> str:  # noqa: ARG002 - the handler's signature
        return "text/plain; version=0.0.4"

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def _served(folder: Path) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Metrics, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _prometheus(folder: Path, targets: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Our configuration, with targets that are known instead of asked for, and scrapes every second."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"] = [
        {"job_name": job, "metrics_path": path, "static_configs": [{"targets": [address]}]}
        for job, (address, path) in targets.items()
    ]
    shutil.copy(PROMETHEUS / "alerts.yml", folder)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stderr=log,
        )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def _comparer(pipeline: Pipeline) -> Iterator[None]:
    service = pipeline.service("comparer")
    service.start()
    try:
        yield
    finally:
        service.stop()


@contextmanager
def _lake(pipeline: Pipeline) -> Iterator[None]:
    place = place_in(pipeline.environment)
    make_bucket(place)
    made, _ = Lake.make(place, 1)
    made.close()
    service = pipeline.service("lake", AEGIS_LAKE_CATALOG_SCHEMA=place.catalog_schema, AEGIS_LAKE_COMMIT_SECONDS="0.2")
    service.start()
    try:
        yield
    finally:
        service.stop()


async def _operations_address(pipeline: Pipeline, service: str) -> str:
    """Wait until a service tells in its log where its operations port is."""

    def told() -> list[str]:
        # The newest log: whoever tries the test again has those of the first try beside it.
        log = max(pipeline.log_dir.glob(f"{service}-*.log"), key=lambda path: path.stat().st_mtime)
        return re.findall(r'"operations": "http://([^"]+)"', log.read_text())

    await eventually(lambda: bool(told()), f"{service} has started")
    return told()[0]


async def _one_of_everything(pipeline: Pipeline, gateway: Client) -> None:
    """A texture by each way, one that is wrong and there again, a record that is no event, and a lost object."""
    await gateway.tag(picture(31))
    await pipeline.publish(pipeline.event(new_asset_id("watch"), pipeline.upload(texture(31))))
    await pipeline.publish(pipeline.event(new_asset_id("watch"), pipeline.upload(_one_colour())))
    await pipeline.publish_raw(b"test/watch/broken", b"{")
    missing = ObjectRef(bucket=pipeline.bucket, key="sha256/00/00/missing.png")
    await pipeline.publish(pipeline.event(new_asset_id("watch"), missing))


def _one_colour() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "firebrick").save(buffer, "PNG")
    return buffer.getvalue()


async def test_every_query_is_answered(own_pipeline: Pipeline, tmp_path: Path) -> None:
    """With data; the alerts are evaluated without an error."""
    exported = tmp_path / "textfile"
    exported.mkdir()
    spooled = Pipeline(
        {
            **own_pipeline.environment,
            "AEGIS_SPOOL_DIR": str(tmp_path / "spool"),
            "AEGIS_SPOOL_METRICS_FILE": str(exported / "spool.prom"),
        },
        own_pipeline.log_dir,
    )
    assert spooled.aegis("publish", "--spool").returncode == 0

    with (
        _served(exported) as port,
        gateway_process(own_pipeline) as (_, gateway),
        _lake(own_pipeline),
        _comparer(own_pipeline),
    ):
        targets = {
            "tagger": (await _operations_address(own_pipeline, "tagger"), "/metrics"),
            "sink": (await _operations_address(own_pipeline, "sink"), "/metrics"),
            "comparer": (await _operations_address(own_pipeline, "comparer"), "/metrics"),
            "lake": (await _operations_address(own_pipeline, "lake"), "/metrics"),
            "gateway": (await _operations_address(own_pipeline, "gateway"), "/metrics"),
            "extractors": (f"127.0.0.1:{port}", "/spool.prom"),
        }
        with _prometheus(tmp_path, targets) as address:
            asked = [promql.replace("$__rate_interval", "30s") for promql in dashboard_queries()]
            unanswered = {promql for promql in asked if not any(name in promql for name in EMPTY_WHEN_WELL)}

            async def all_answered() -> bool:
                nonlocal unanswered
                await _one_of_everything(own_pipeline, gateway)
                await asyncio.sleep(1)
                answers = {promql: await asyncio.to_thread(_answered, address, promql) for promql in unanswered}
                unanswered = {promql for promql, answered in answers.items() if not answered}
                return not unanswered

            try:
                await eventually(all_answered, "an answer to every query", 60)
            except AssertionError:
                pytest.fail(f"no data for {sorted(unanswered)}\n{(tmp_path / 'log').read_text()[-2000:]}")
            evaluated = rules(address)

    assert evaluated
    assert [rule["name"] for rule in evaluated if rule["health"] != "ok"] == []


def _answered(address: str, promql: str) -> bool:
    return any(series["value"][1] != "NaN" for series in query(address, promql))
