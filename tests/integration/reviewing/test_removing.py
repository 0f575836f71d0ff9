"""`aegis remove` as a person runs it: topics, tables and subscribers lose the asset, and people's words outlive it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from testkit.running import Pipeline, ServiceProcess, new_asset_id
from tests.integration.reviewing.conftest import publish_tagged


@pytest.mark.usefixtures("sink")
async def test_a_removed_asset_leaves_the_tables_and_its_verdicts_stay(corner: Pipeline) -> None:
    first, second = new_asset_id("gone"), new_asset_id("gone")
    await publish_tagged(corner, first, second)
    assert corner.aegis("verdict", first, "weapon", "--confirm", "--by", "anna").returncode == 0
    tagger = started_tagger(corner)
    try:
        done = corner.aegis("remove", first, second, "--wait", "60")
    finally:
        assert tagger.stop() == 0

    assert (done.returncode, done.stdout, done.stderr) == (0, "2 assets removed\n", "")
    assert await corner.rows("SELECT FROM assets WHERE asset_id = ANY($1)", [first, second]) == []
    (record,) = await corner.records_of(corner.topics.extracted, first)
    assert record.value is None
    assert "weapon" in corner.aegis("verdicts", first).stdout


def started_tagger(corner: Pipeline) -> ServiceProcess:
    tagger = corner.service("tagger")
    tagger.start()
    return tagger


@pytest.mark.usefixtures("sink")
async def test_ids_come_from_a_pipe_too_and_an_unknown_one_stops_all(corner: Pipeline) -> None:
    asset_id = new_asset_id("kept")
    await publish_tagged(corner, asset_id)

    refused = piped(corner, f"{asset_id}\nnever/seen\n", "remove", "-")
    empty = piped(corner, "\n", "remove", "-")

    assert refused.returncode == 1
    assert "nothing is removed: no asset 'never/seen' is stored" in refused.stderr
    assert (empty.returncode, "no asset id was given" in empty.stderr) == (2, True)
    assert await corner.records_of(corner.topics.extracted, asset_id) == []

    forced = piped(corner, f"{asset_id}\nnever/seen\n", "remove", "-", "--force", "--wait", "0.2")

    assert (forced.returncode, forced.stdout) == (0, "2 assets removed\n")
    assert "the tables still have them: see that a tagger and a sink run" in forced.stderr
    assert len(await corner.records_of(corner.topics.extracted, "never/seen")) == 1


def piped(corner: Pipeline, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aegis", *arguments],
        env={**os.environ, **corner.environment},
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
