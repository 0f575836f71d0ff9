"""`make image-test`: the image as it is built, run as production runs it, against the services of this machine."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.support.figures import Figure
from devstack.state import free_port
from testkit.kafka_tools import eventually
from testkit.running import Pipeline, new_asset_id, texture
from tests.containers.docker import ROOT, docker, inspect
from tests.integration.conftest import stack, stack_environment

pytestmark = pytest.mark.containers
__all__ = ["stack", "stack_environment"]

GOAL_MB = 450
# As docker-compose.yml runs it.
HARDENED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true")
STOP_SECONDS = 40


@pytest.fixture
def pipeline(stack_environment: Mapping[str, str], tmp_path: Path) -> Pipeline:
    """Topics, a bucket and tables of the test's own."""
    name = f"i{uuid.uuid4().hex[:8]}"
    environment = {
        **stack_environment,
        "AEGIS_TOPIC_PREFIX": f"{name}-",
        "AEGIS_TOPIC_PARTITIONS": "2",
        "AEGIS_S3_BUCKET": name,
        "AEGIS_PG_SCHEMA": name,
        "AEGIS_OPS_HOST": "127.0.0.1",
        "AEGIS_OPS_PORT": str(free_port()),
    }
    return Pipeline(environment, tmp_path)


def _run(image: str, *command: str, options: tuple[str, ...] = ()) -> str:
    return docker("run", "--rm", *HARDENED, *options, image, *command).stdout


@contextmanager
def _running(image: str, pipeline: Pipeline, *command: str) -> Iterator[str]:
    """A service on the network of this machine; yields the container's name."""
    name = f"aegis-test-{uuid.uuid4().hex[:8]}"
    variables = [f"--env={key}={value}" for key, value in pipeline.environment.items()]
    docker("run", "--detach", "--name", name, "--network", "host", *HARDENED, *variables, image, *command)
    try:
        yield name
    finally:
        docker("rm", "--force", name)


async def _healthy(container: str) -> None:
    await eventually(
        lambda: inspect(container)["State"]["Health"]["Status"] == "healthy", f"{container} is healthy", 90
    )


def _owner(folder: Path) -> str:
    """Return the number of a user who is not root and may write the folder."""
    if os.geteuid() == 0:
        os.chown(folder, 1234, 1234)
    return str(folder.stat().st_uid)


def _prepare(image: str, pipeline: Pipeline) -> None:
    """The jobs of docker-compose.yml, by the image's own tools."""
    variables = tuple(f"--env={key}={value}" for key, value in pipeline.environment.items())
    for verb in (("topics", "apply"), ("bucket", "apply"), ("db", "migrate")):
        _run(image, "aegis", *verb, options=("--network", "host", *variables))


def test_it_is_small_enough(image: str, figures: list[Figure]) -> None:
    """Everything but a large model is in it: tagger, sink, gateway, the tools and their codecs."""
    size_mb = inspect(image)["Size"] / 1e6
    base_mb = inspect("python:3.11-slim-bookworm")["Size"] / 1e6
    figures.append(Figure("image_size", size_mb, "MB", GOAL_MB, "lower"))
    figures.append(Figure("image_size_above_its_base", size_mb - base_mb, "MB", None, "lower"))

    assert size_mb <= GOAL_MB


def test_it_is_run_by_a_user_without_rights(image: str) -> None:
    """By number, so that an orchestrator can see that it is not root; nothing in the image belongs to that user."""
    assert inspect(image)["Config"]["User"] == "10001:10001"
    owned = "import os\nfor top in ('/opt', '/usr', '/etc', '/var'):\n"
    owned += "    for at, folders, files in os.walk(top):\n"
    owned += "        for name in folders + files:\n"
    owned += "            if os.lstat(os.path.join(at, name)).st_uid == os.getuid(): print(at, name)"

    assert docker("run", "--rm", "--entrypoint", "python", image, "-c", owned).stdout == ""


def test_it_holds_no_trace_of_how_it_was_built(image: str) -> None:
    """No registry, no compiler of models, no pip of its own."""
    config = json.dumps(inspect(image)["Config"])
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image).stdout
    assert "PIP_" not in config + history

    importable = "import importlib.util as u; print([m for m in ('torch', 'onnx', 'pytest') if u.find_spec(m)])"
    assert docker("run", "--rm", "--entrypoint", "python", image, "-c", importable).stdout.strip() == "[]"


def test_its_labels_say_what_it_is(image: str) -> None:
    """OCI's names; the version is the program's."""
    labels = inspect(image)["Config"]["Labels"]

    version = _run(image, "aegis", "--version").rpartition(" ")[2].strip()
    assert labels["org.opencontainers.image.version"] == version
    for name in ("title", "description", "licenses", "revision"):
        assert labels[f"org.opencontainers.image.{name}"]


def test_what_starts_needs_no_compiling(image: str) -> None:
    """Bytecode is there for each module of ours and of others that the services import."""
    compiled = "import sys, consumer.processes.tagger, consumer.processes.sink; "
    compiled += "import os; print([m.__name__ for m in list(sys.modules.values()) "
    compiled += "if (c := getattr(m, '__cached__', None)) and not os.path.exists(c)])"

    assert docker("run", "--rm", "--entrypoint", "python", image, "-c", compiled).stdout.strip() == "[]"


def test_a_folder_with_modules_in_it_is_data(image: str, tmp_path: Path) -> None:
    """Whoever mounts game files does not run what lies among them."""
    (tmp_path / "click.py").write_text("raise SystemExit('ran a stranger')")
    tmp_path.chmod(0o755)

    assert "aegis" in _run(image, "aegis", "--version", options=("--volume", f"{tmp_path}:/work"))


def test_its_tools_extract_as_the_user_who_calls_them(image: str, tmp_path: Path) -> None:
    """Unity's codecs work in it, and the files belong to the caller; without services the events wait in the spool."""
    shutil.copy(ROOT / "samples" / "archives" / "sample.unity3d", tmp_path)
    user = _owner(tmp_path)

    options = ("--user", user, "--volume", f"{tmp_path}:/work", "--env", "AEGIS_SPOOL_DIR=spool")
    said = _run(
        image, "aegis", "extract", "sample.unity3d", "--ai-tagging", "--json", "--output", "out", options=options
    )

    report = json.loads(said)
    assert report["extracted"] == report["spooled"] > 0
    pictures = list((tmp_path / "out").rglob("*.png"))
    assert len(pictures) == report["extracted"]
    assert {path.stat().st_uid for path in pictures} == {int(user)}


def test_passwords_are_made_by_the_image_itself(image: str, tmp_path: Path) -> None:
    """Who has nothing but Docker can begin."""
    _run(image, "aegis", "secrets", "init", options=("--user", _owner(tmp_path), "--volume", f"{tmp_path}:/work"))

    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


async def test_an_event_is_tagged_and_stored_and_sigterm_drains(
    image: str, pipeline: Pipeline, figures: list[Figure]
) -> None:
    """Read-only, without capabilities; what was in flight at the signal is tagged once, by whoever comes next."""
    await asyncio.to_thread(_prepare, image, pipeline)
    started = time.monotonic()
    with _running(image, pipeline, "consumer", "tagger") as tagger:
        await _healthy(tagger)
        figures.append(Figure("start_to_healthy", time.monotonic() - started, "s", None, "lower"))
        first = new_asset_id("image")
        await pipeline.publish(pipeline.event(first, pipeline.upload(texture(1))))
        (tagged,) = await pipeline.tagged(first)
        assert tagged.tags

        reference = pipeline.upload(texture(2, size=512))
        many = [pipeline.event(new_asset_id("image"), reference) for _ in range(200)]
        await pipeline.publish(*many)
        stopping = time.monotonic()
        docker("stop", "--time", str(STOP_SECONDS), tagger, timeout_seconds=STOP_SECONDS + 20)
        figures.append(Figure("sigterm_to_exit", time.monotonic() - stopping, "s", STOP_SECONDS, "lower"))
        assert inspect(tagger)["State"]["ExitCode"] == 0
        log = docker("logs", tagger)
        assert '"process.stopped"' in log.stderr
        assert docker("diff", tagger).stdout.split() == []

    with _running(image, pipeline, "consumer", "tagger"):
        for event in many:
            tagged_ids = {item.event_id for item in await pipeline.tagged(event.asset_id)}
            assert len(tagged_ids) == 1


async def test_rows_are_stored_by_the_sink_of_the_same_image(image: str, pipeline: Pipeline) -> None:
    await asyncio.to_thread(_prepare, image, pipeline)
    second_port = {"AEGIS_OPS_PORT": str(free_port())}
    sink_side = Pipeline({**pipeline.environment, **second_port}, pipeline.log_dir)
    with _running(image, pipeline, "consumer", "tagger"), _running(image, sink_side, "consumer", "sink") as sink:
        await _healthy(sink)
        asset_id = new_asset_id("image")
        await pipeline.publish(pipeline.event(asset_id, pipeline.upload(texture(3))))
        await pipeline.tagged(asset_id)
        schema = pipeline.environment["AEGIS_PG_SCHEMA"]
        query = f"SELECT 1 FROM {schema}.assets WHERE asset_id = $1"  # noqa: S608 - a name of our own

        async def stored() -> bool:
            return bool(await pipeline.rows(query, asset_id))

        await eventually(stored, f"a row of {asset_id}")


def test_a_process_that_asks_to_be_restarted_ends(image: str) -> None:
    """By the health check, since Docker would leave it unhealthy for ever; a restart policy then starts it again."""
    stalled = """
import http.server, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Stalled(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_error(503)
http.server.HTTPServer(('127.0.0.1', 9464), Stalled).serve_forever()
"""
    name = f"aegis-test-{uuid.uuid4().hex[:8]}"
    health = ("--health-interval=1s", "--health-start-period=0s")
    docker("run", "--detach", "--name", name, *HARDENED, *health, "--entrypoint", "python", image, "-c", stalled)
    try:
        assert docker("wait", name, timeout_seconds=60).stdout.strip() == "0"
    finally:
        docker("rm", "--force", name)
