"""The services of this machine: started once, found again, kept over restarts, and gone without a trace."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from devstack import Stack, StackError
from devstack.state import LOOPBACK, RunningProcess, StateFile


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that these tests may treat as they like; what one of them stopped the next one starts."""
    stack = Stack(tmp_path_factory.mktemp("own-stack"))
    try:
        yield stack
    finally:
        stack.reset()


def _pids(stack: Stack) -> dict[str, int | None]:
    return {item.name: item.pid for item in stack.status()}


def _aegis_stack(stack: Stack, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aegis", "stack", *arguments],
        env={**os.environ, "AEGIS_STACK_DIR": str(stack.folder), **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


async def test_up_starts_once_and_a_restart_keeps_ports_and_data(own_stack: Stack) -> None:
    """What is up is left alone; after a stop, and after a kill, everything is where it was."""
    variables = own_stack.up()
    pids = _pids(own_stack)
    connection = await asyncpg.connect(variables["AEGIS_PG_DSN"])
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
    await connection.close()

    assert own_stack.up() == variables
    assert _pids(own_stack) == pids

    own_stack.down()
    assert [item.state for item in own_stack.status()] == ["down"] * 3
    for name in pids:
        own_stack.start(name)
        own_stack.stop(name, kill=True)
    assert own_stack.up() == variables
    assert not set(pids.values()) & set(_pids(own_stack).values())
    connection = await asyncpg.connect(variables["AEGIS_PG_DSN"])
    assert await connection.fetchval("SELECT count(*) FROM kept") == 0
    await connection.close()


def test_every_service_listens_on_the_loopback_alone(own_stack: Stack) -> None:
    own_stack.up()

    listening = {
        connection.laddr.ip
        for item in own_stack.status()
        for process in [psutil.Process(item.pid), *psutil.Process(item.pid).children(recursive=True)]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }

    assert {address.removeprefix("::ffff:") for address in listening} == {LOOPBACK}


def test_a_pid_that_another_program_has_by_now_is_noticed_and_left_alone(own_stack: Stack) -> None:
    own_stack.up()
    own_stack.stop("postgres")
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        file = StateFile(own_stack.folder)
        state = file.read()
        state.processes["postgres"] = RunningProcess(pid=stranger.pid, created_at=time.time() - 3600)
        file.write(state)

        assert {item.name: item.state for item in own_stack.status()}["postgres"] == "down"
        own_stack.up()
        own_stack.stop("postgres")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_service_that_dies_at_start_is_told_with_the_end_of_its_log(own_stack: Stack) -> None:
    """Here because somebody else has its port by now; the others start, and go on."""
    own_stack.up()
    own_stack.stop("kafka")
    with socket.socket() as thief:
        # As Kafka does it, which would otherwise bind beside the connections that are just closing.
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind((LOOPBACK, own_stack.state().port("kafka-controller")))
        thief.listen()
        with pytest.raises(StackError, match=r"Apache Kafka .* ended right after its start.*kafka\.log"):
            own_stack.up()
    states = {item.name: item.state for item in own_stack.status()}
    assert states == {"kafka": "down", "postgres": "up", "seaweedfs": "up"}
    assert "Address already in use" in own_stack.log_path("kafka").read_text()
    own_stack.up()


def test_a_service_of_your_own_is_used_and_not_started(
    own_stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    variables = own_stack.up()
    for name in ("AEGIS_KAFKA_BOOTSTRAP", "AEGIS_S3_ENDPOINT"):
        monkeypatch.setenv(name, variables[name])
    partial = Stack(tmp_path)
    try:
        assert set(partial.up()) == {"AEGIS_PG_DSN"}
        assert {item.name: item.state for item in partial.status()} == {
            "kafka": "external",
            "postgres": "up",
            "seaweedfs": "external",
        }
    finally:
        partial.reset()


def test_the_command_shows_how_to_reach_it_and_psql_reaches_it(own_stack: Stack) -> None:
    variables = own_stack.up()

    printed = _aegis_stack(own_stack, "env").stdout
    exported = subprocess.run(
        ["/bin/bash", "-c", f"{printed}\nenv | grep ^AEGIS_ | sort"], capture_output=True, text=True, check=True, env={}
    ).stdout
    assert dict(line.split("=", 1) for line in exported.splitlines()) == variables
    asked = _aegis_stack(own_stack, "psql", "-Atc", "select 6 * 7")
    assert (asked.returncode, asked.stdout.strip()) == (0, "42")
    assert "Apache Kafka" in _aegis_stack(own_stack, "status").stdout
    assert _aegis_stack(own_stack, "logs", "postgres").returncode == 0
    unknown = _aegis_stack(own_stack, "logs", "redis")
    assert (unknown.returncode, "choose one of kafka, postgres" in unknown.stderr) == (2, True)


def test_without_network_a_new_stack_starts_from_what_was_fetched_before(own_stack: Stack, tmp_path: Path) -> None:
    own_stack.up()
    nowhere = "http://127.0.0.1:9"
    offline = Stack(tmp_path / "offline")
    try:
        done = _aegis_stack(offline, "up", http_proxy=nowhere, https_proxy=nowhere, no_proxy=LOOPBACK)
        assert done.returncode == 0, done.stderr
        assert [item.state for item in offline.status()] == ["up"] * 3
    finally:
        offline.reset()


def test_reset_removes_every_trace(tmp_path: Path) -> None:
    """Processes, files, the folder, and the sockets that SeaweedFS puts elsewhere."""
    stack = Stack(tmp_path / "gone")
    stack.up()
    processes = [psutil.Process(pid) for pid in _pids(stack).values()]
    ports = set(stack.state().ports.values())

    stack.reset()

    assert [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []
    assert list(tmp_path.iterdir()) == []
    left = [path.name for path in Path("/tmp").glob("seaweedfs-*.sock")]
    assert [name for name in left if any(f"-{port}." in name for port in ports)] == []


def test_a_store_that_is_not_known_or_not_here_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AEGIS_STACK_S3", "ceph")
    with pytest.raises(StackError, match="use seaweedfs or minio"):
        Stack(tmp_path)
    monkeypatch.setenv("AEGIS_STACK_S3", "minio")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="go install"):
        Stack(tmp_path)


def test_state_is_readable_by_its_owner_alone(own_stack: Stack) -> None:
    """It holds the passwords of the services."""
    own_stack.up()
    path = own_stack.folder / "state.json"

    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text())["secrets"]


def test_a_service_that_is_frozen_is_told_as_not_answering_and_replaced(own_stack: Stack) -> None:
    own_stack.up()
    pid = _pids(own_stack)["seaweedfs"]
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)

    assert {item.name: item.state for item in own_stack.status()}["seaweedfs"] == "not answering"
    own_stack.up()
    assert {item.state for item in own_stack.status()} == {"up"}


def test_a_killed_service_leaves_no_child_that_would_keep_it_from_starting_again(own_stack: Stack) -> None:
    """As those of PostgreSQL, which live on for a moment and hold its shared memory."""
    own_stack.up()
    pid = _pids(own_stack)["postgres"]
    children = psutil.Process(pid).children(recursive=True)
    assert children

    for _ in range(3):
        own_stack.stop("postgres", kill=True)
        assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        own_stack.start("postgres")
