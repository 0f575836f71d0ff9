"""What the first start on a machine does once: several at the same time, and after one that was killed."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest

# One with a few jars beside its own.
ENDPOINT = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5"
NAMES = ["log4j-api-2.25.5.jar", "log4j-core-2.25.5.jar", "log4j-slf4j-impl-2.25.5.jar", "slf4j-api-1.7.36.jar"]
FETCH = f"""
from devstack.jars import fetch_jars
for jar in fetch_jars({ENDPOINT!r}, lambda text: None):
    print(jar)
"""


def _start(cache: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    return subprocess.Popen([sys.executable, "-c", FETCH], env=environment, stdout=subprocess.PIPE, text=True)


def _jars(process: subprocess.Popen[str]) -> list[Path]:
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return [Path(line) for line in output.splitlines()]


def test_starts_at_the_same_time_have_all_jars(tmp_path: Path) -> None:
    for jars in [_jars(process) for process in [_start(tmp_path) for _ in range(4)]]:
        assert [jar.name for jar in jars] == NAMES
        assert all(jar.stat().st_size > 1000 for jar in jars)


def test_after_a_start_that_was_killed_while_it_fetched_all_jars_are_there(tmp_path: Path) -> None:
    whole = {jar.name: jar.stat().st_size for jar in _jars(_start(tmp_path / "whole"))}
    cache = tmp_path / "killed"
    killed = _start(cache)
    while not list(cache.rglob("*.jar")):
        assert killed.poll() is None
        time.sleep(0.001)
    killed.kill()
    killed.communicate()
    # What a kill at any other moment may leave as well.
    next(cache.rglob("*.jar")).write_bytes(b"PK")

    assert {jar.name: jar.stat().st_size for jar in _jars(_start(cache))} == whole


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a user for PostgreSQL")
def test_starts_at_the_same_time_make_one_user() -> None:
    user = f"aegis-{secrets.token_hex(4)}"
    make = f"""
import pwd
from devstack.postgres import make_user
make_user({user!r})
print(pwd.getpwnam({user!r}).pw_uid)
"""
    starts = [subprocess.Popen([sys.executable, "-c", make], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    try:
        ids = [start.communicate(timeout=60)[0] for start in starts]
    finally:
        subprocess.run(["userdel", user], check=True)

    assert [start.returncode for start in starts] == [0] * 4
    assert len(set(ids)) == 1
