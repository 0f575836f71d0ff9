"""`aegis verdict` and `aegis verdicts` as a person runs them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from testkit.running import Pipeline, new_asset_id
from tests.integration.reviewing.conftest import publish_tagged, reviewed


@pytest.mark.usefixtures("sink")
async def test_a_verdict_is_an_event_and_the_history_shows_it(corner: Pipeline) -> None:
    asset_id = new_asset_id("command")
    await publish_tagged(corner, asset_id)

    said = corner.aegis("verdict", asset_id, "weapon", "--confirm", "--by", "anna")
    withdrawn = corner.aegis("verdict", asset_id, "weapon", "--withdraw", "--by", "berta")
    history = corner.aegis("verdicts", asset_id, "--json")

    assert (said.returncode, said.stdout) == (0, f"{asset_id}: weapon (object_types) is right, says anna\n"), (
        said.stderr
    )
    assert withdrawn.stdout == f"{asset_id}: weapon (object_types) is the model's to say again\n"
    assert [event.verdict.word.value for event in await reviewed(corner, asset_id)] == ["confirmed", "withdrawn"]
    told = [json.loads(line) for line in history.stdout.splitlines()]
    assert [(entry["by"], entry["word"]) for entry in told] == [("berta", "withdrawn"), ("anna", "confirmed")]
    assert corner.aegis("verdicts", "--by", "nobody").stdout == ""


@pytest.mark.usefixtures("sink")
async def test_a_tag_that_is_not_in_the_taxonomy_needs_new(corner: Pipeline) -> None:
    asset_id = new_asset_id("command")
    await publish_tagged(corner, asset_id)

    misspelt = corner.aegis("verdict", asset_id, "weapn", "--add")
    own = corner.aegis("verdict", asset_id, "excalibur", "--add", "--category", "object_types", "--new")

    assert misspelt.returncode == 2
    assert "did you mean weapon?; a tag of your own needs --new and --category" in misspelt.stderr
    assert own.returncode == 0, own.stderr
    (event,) = await reviewed(corner, asset_id)
    assert event.verdict.tag == "excalibur"


async def test_without_a_sink_a_verdict_is_saved_and_says_that_it_is_not_stored_yet(own_corner: Pipeline) -> None:
    sink = own_corner.service("sink")
    sink.start()
    await publish_tagged(own_corner, "asset")
    assert sink.stop() == 0

    said = own_corner.aegis("verdict", "asset", "weapon", "--reject", "--wait", "0.5")

    assert (said.returncode, "the sink has not stored it yet" in said.stderr) == (0, True)
    assert len(await reviewed(own_corner, "asset")) == 1


async def test_where_the_topic_is_missing_it_says_so(own_corner: Pipeline) -> None:
    """As after an upgrade that forgot it."""
    sink = own_corner.service("sink")
    sink.start()
    await publish_tagged(own_corner, "asset")
    assert sink.stop() == 0
    tables = {**own_corner.environment, "AEGIS_TOPIC_PREFIX": "nowhere-"}

    told = replace(own_corner, environment=tables).aegis("verdict", "asset", "weapon", "--reject")

    assert told.returncode == 2
    assert "there is no topic nowhere-asset-reviewed: run: aegis topics apply" in told.stderr


async def test_a_verdict_on_what_is_not_stored_is_refused(own_corner: Pipeline) -> None:
    told = own_corner.aegis("verdict", "never/seen", "weapon", "--confirm")

    assert (told.returncode, "no asset 'never/seen' is stored" in told.stderr) == (1, True)
