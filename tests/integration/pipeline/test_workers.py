"""`--workers N`: several processes share a group; one that dies is replaced, and all drain together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import psutil

from testkit.kafka_tools import eventually
from testkit.running import Pipeline, new_asset_id, texture


async def test_workers_share_the_work_are_replaced_and_drain_together(pipeline: Pipeline, tmp_path: Path) -> None:
    """In a group of their own, beside the tagger that is there."""
    environment = {
        **os.environ,
        **pipeline.environment,
        "AEGIS_TAGGER_GROUP": f"workers-{new_asset_id('')[-8:]}",
        "AEGIS_STREAM_SESSION_TIMEOUT_SECONDS": "6",
    }
    log_path = tmp_path / "workers.log"
    with log_path.open("wb") as log:
        parent = _start(environment, log)
    try:

        def logged(event: str) -> int:
            return log_path.read_text().count(f'"event": "{event}"')

        def workers() -> list[int]:
            return [child.pid for child in psutil.Process(parent.pid).children()]

        await eventually(lambda: logged("group.assigned") >= 2, "both workers have joined")
        victim = workers()[0]
        os.kill(victim, signal.SIGKILL)
        await eventually(lambda: logged("tagger.ready") == 3, "the killed worker is replaced")
        assert len(workers()) == 2
        assert victim not in workers()

        asset_id = new_asset_id()
        await pipeline.publish(pipeline.event(asset_id, pipeline.upload(texture(41))))
        await pipeline.tagged(asset_id, count=2)

        parent.send_signal(signal.SIGTERM)
        assert parent.wait(60) == 0
    finally:
        if parent.poll() is None:
            children = psutil.Process(parent.pid).children()
            parent.kill()
            parent.wait()
            for child in children:
                child.kill()
    assert logged("process.stopped") == 2


def _start(environment: dict[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "consumer", "tagger", "--workers", "2"], env=environment, stdout=log, stderr=log
    )


def test_workers_that_cannot_start_are_not_started_again_and_again() -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEGIS_")}
    done = subprocess.run(
        [sys.executable, "-m", "consumer", "tagger", "--workers", "2"],
        env=inherited,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert "AEGIS_KAFKA_BOOTSTRAP is not set" in done.stderr
