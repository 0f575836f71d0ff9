"""The first service's client, written in Rust as the Unity plugin has it, speaks with the gateway."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from testkit.running import Pipeline
from tests.integration import clients
from tests.integration.gateway.conftest import gateway_process
from tests.unit.gateway.serving import picture

CRATE = clients.ROOT / "tests" / "clients" / "rust"

pytestmark = pytest.mark.timeout(clients.BUILD_SECONDS)


@pytest.fixture(scope="module")
def program() -> list[str]:
    return clients.rust(CRATE, "tagging-client")


def _import(program: list[str], url: str, *arguments: object) -> tuple[list[dict[str, Any]], str]:
    """Run the client; return what it printed for each file, and what it complained of."""
    done = subprocess.run(
        [*program, *map(str, arguments)],
        env={**os.environ, "AI_TAGGING_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


async def test_it_reads_the_answers_and_goes_on_without_tags_where_there_are_none(
    corner: Pipeline, program: list[str], tmp_path: Path
) -> None:
    """Each tag as any other client gets it; a file that is no image, and a gateway that is not there, stop nothing."""
    files = [tmp_path / f"{seed}.png" for seed in range(3)]
    for seed, file in enumerate(files):
        file.write_bytes(picture(seed))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")

    with gateway_process(corner) as (service, gateway):
        imported, complaints = await asyncio.to_thread(
            _import, program, gateway.url, "--threshold", 0.2, files[0], broken, *files[1:]
        )
        by_default, _ = await asyncio.to_thread(_import, program, gateway.url, *files)
        expected = [
            await gateway.tag(file.read_bytes(), asset_id=str(file), confidence_threshold=0.2) for file in files
        ]
        url = gateway.url
        assert service.stop() == 0
    nowhere, away = await asyncio.to_thread(_import, program, url, files[0])

    assert [one["asset_id"] for one in imported] == [str(file) for file in (files[0], broken, *files[1:])]
    assert [_said(one) for one in (imported[0], *imported[2:])] == [_said(answer.json) for answer in expected]
    assert all(one["tags"] for one in (imported[0], *imported[2:]))
    assert imported[1]["tags"] == []
    assert f"{broken}: goes on without tags: 4" in complaints
    assert all(tag["confidence"] >= 0.7 for one in by_default for tag in one["tags"])
    assert nowhere == [{"asset_id": str(files[0]), "tags": [], "processing_time_ms": None}]
    assert "goes on without tags" in away


def _said(answer: dict[str, Any]) -> list[tuple[str, str, float, str]]:
    return [(tag["tag"], tag["category"], tag["confidence"], tag["source_model"]) for tag in answer["tags"]]
