"""What several processes of one service are told apart by."""

from __future__ import annotations

import subprocess
import sys

import pytest

from consumer.processes.workers import worker_environment


def test_each_worker_has_a_name_and_a_port_of_its_own() -> None:
    """As static members and probes need them; what is free to choose is left free."""
    shared = {"AEGIS_STREAM_GROUP_INSTANCE_ID": "pod-7", "AEGIS_OPS_PORT": "8081", "AEGIS_PG_DSN": "dsn"}

    workers = [worker_environment(index, 3, shared) for index in range(3)]

    assert [worker["AEGIS_STREAM_GROUP_INSTANCE_ID"] for worker in workers] == ["pod-7-0", "pod-7-1", "pod-7-2"]
    assert [worker["AEGIS_OPS_PORT"] for worker in workers] == ["8081", "8082", "8083"]
    assert {worker["AEGIS_PG_DSN"] for worker in workers} == {"dsn"}
    assert "AEGIS_STREAM_GROUP_INSTANCE_ID" not in worker_environment(0, 2, {})
    assert "AEGIS_OPS_PORT" not in worker_environment(0, 2, {})


def test_the_cpus_are_shared_out_unless_somebody_said_otherwise() -> None:
    assert worker_environment(0, 1000, {})["AEGIS_MODEL_WORKERS"] == "1"
    assert worker_environment(0, 2, {"AEGIS_MODEL_WORKERS": "4"})["AEGIS_MODEL_WORKERS"] == "4"


@pytest.mark.parametrize("count", ["0", "-1", "257", "many"])
def test_a_number_of_workers_that_makes_no_sense_is_refused(count: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "consumer", "tagger", "--workers", count], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "--workers" in done.stderr
