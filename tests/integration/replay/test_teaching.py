"""`aegis model calibrate --verdicts` on real services: what it learns is what `aegis retag` applies."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from consumer.storage.postgres.database import connect
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.bundle.overlay import load_overlay
from consumer.tagging.own_tags import open_bundle
from schemas import AssetTagged, Embedding, Word, encode_event
from schemas.connections import DatabaseConnection
from schemas.objects import sha256_hex
from testkit.running import Pipeline
from testkit.saying import say
from testkit.seeding import tagged_events
from tests.integration.gateway.conftest import gateway_process
from tests.unit.storage.samples import tagged_event

REVIEWED = 24
OTHERS = 6


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The shipped bundle, in a folder that may be changed."""
    return Path(shutil.copytree(default_bundle_path(), tmp_path / "ours"))


def events_of_two_looks(folder: Path) -> Mapping[str, AssetTagged]:
    """Return events of potions and of doors: each kind looks alike, and the model has no idea of either."""
    loaded = load_bundle(folder)
    random = np.random.default_rng(11)
    looks = dict(zip(("potion", "door"), random.normal(size=(2, loaded.manifest.dim)), strict=True))
    model = {"id": loaded.manifest.id, "digest": loaded.digest, "precision": "int8", "provider": "CPUExecutionProvider"}
    events = {}
    for kind, look in looks.items():
        for number in range(REVIEWED // 2 + OTHERS // 2):
            vector = look + random.normal(0, 0.2, look.shape)
            asset_id = f"{kind}-{number}"
            events[asset_id] = tagged_event(
                asset_id=asset_id,
                event_id=uuid.uuid4(),
                extracted_event_id=uuid.uuid4(),
                object={
                    "bucket": "bucket",
                    "key": asset_id,
                    "sha256": sha256_hex(asset_id.encode()),
                },
                model=model,
                pixel_evidence={},
                embedding=Embedding.from_array((vector / np.linalg.norm(vector)).astype(np.float32)).model_dump(
                    mode="json"
                ),
            )
    return events


async def judge(corner: Pipeline, asset_ids: list[str], potion: str = "prop") -> None:
    """Say of each what it is: ``potion``, if it is one, and architecture, if it is a door."""
    environment = corner.environment
    database = DatabaseConnection(dsn=environment["AEGIS_PG_DSN"], AEGIS_PG_SCHEMA=environment["AEGIS_PG_SCHEMA"])
    session = await connect(database)
    try:
        for asset_id in asset_ids:
            tag = potion if asset_id.startswith("potion") else "architecture"
            await say(session, asset_id, "object_types", tag, Word.ADDED)
    finally:
        await session.close()


async def test_verdicts_teach_what_retag_then_applies(corner: Pipeline, bundle: Path) -> None:
    events = events_of_two_looks(bundle)
    for asset_id, event in events.items():
        await corner.publish_raw(asset_id.encode(), encode_event(event), topic=corner.topics.tagged)
    foreign = tagged_event(asset_id="foreign", event_id=uuid.uuid4())
    await corner.publish_raw(b"foreign", encode_event(foreign), topic=corner.topics.tagged)
    await corner.publish_raw(b"no-event", b"{", topic=corner.topics.tagged)
    reviewed = [name for name in events if int(name.partition("-")[2]) < REVIEWED // 2]
    await judge(corner, [*reviewed, "foreign", "never-seen", "no-event"])

    taught = corner.aegis("model", "calibrate", str(bundle), "--verdicts")

    assert taught.returncode == 0, taught.stderr
    assert f"{REVIEWED} verdicts: precision at 0.7 from" in taught.stdout
    assert "2 reviewed assets are not on asset-tagged now" in taught.stderr
    assert "1 reviewed assets were tagged by another model" in taught.stderr

    ours = replace(corner, environment={**corner.environment, "AEGIS_MODEL_BUNDLE": str(bundle)})
    retagged = ours.aegis("retag", "--no-replay")
    assert retagged.returncode == 0, retagged.stderr
    newest = {event.asset_id: event for event in await tagged_events(corner)}
    rest = [name for name in events if name not in reviewed]
    assert len(rest) == OTHERS
    for name in rest:
        (tag,) = [tag for tag in newest[name].tags if tag.category == "object_types"]
        assert tag.tag == ("prop" if name.startswith("potion") else "architecture")
        assert tag.confidence > 0.7

    with gateway_process(ours) as (_, client):
        page = await client.call("GET", "/?sort=review", headers={"accept": "text/html"})
    assert f"{REVIEWED} verdicts: precision at 0.7 from" in page.text
    assert "wait to teach the model" not in page.text


async def test_a_tag_of_ones_own_is_published_once_verdicts_taught_it(corner: Pipeline, bundle: Path) -> None:
    events = events_of_two_looks(bundle)
    for asset_id, event in events.items():
        await corner.publish_raw(asset_id.encode(), encode_event(event), topic=corner.topics.tagged)
    own = bundle.parent / "own.yaml"
    environment = {**corner.environment, "AEGIS_MODEL_BUNDLE": str(bundle), "AEGIS_MODEL_OVERLAY": str(own)}
    added = corner.aegis(
        *("taxonomy", "add", "potion", "--category", "object_types", "--prompt", "a potion", "--overlay", str(own))
    )
    assert added.returncode == 0, added.stderr
    assert f"export AEGIS_MODEL_OVERLAY={own}" in added.stdout
    ours = replace(corner, environment=environment)

    first = ours.aegis("retag", "--no-replay")
    assert first.returncode == 0, first.stderr
    assert "no event carries potion (object_types) yet" in first.stderr
    silent = {event.asset_id: event for event in await tagged_events(corner)}
    assert {event.taxonomy.version for event in silent.values()} == {opened_version(bundle, own)}
    assert not [tag for event in silent.values() for tag in event.tags if tag.tag == "potion"]

    reviewed = [name for name in events if int(name.partition("-")[2]) < REVIEWED // 2]
    await judge(corner, reviewed, "potion")
    taught = ours.aegis("model", "calibrate", str(bundle), "--verdicts")
    assert taught.returncode == 0, taught.stderr
    second = ours.aegis("retag", "--no-replay")
    assert (second.returncode, "no event carries" in second.stderr) == (0, False), second.stderr
    newest = {event.asset_id: event for event in await tagged_events(corner)}
    for name in (name for name in events if name not in reviewed):
        (tag,) = [tag for tag in newest[name].tags if tag.category == "object_types"]
        assert tag.tag == ("potion" if name.startswith("potion") else "architecture")
        # The ids of doors say so, too.
        assert tag.source_model.removesuffix("+names") == load_bundle(bundle).manifest.source_model


def opened_version(bundle: Path, own: Path) -> str:
    return open_bundle(bundle, load_overlay(own)).taxonomy.version


async def test_what_was_taught_is_taken_back(corner: Pipeline, bundle: Path) -> None:
    before = load_bundle(bundle).taxonomy_digest
    events = events_of_two_looks(bundle)
    for asset_id, event in events.items():
        await corner.publish_raw(asset_id.encode(), encode_event(event), topic=corner.topics.tagged)
    await judge(corner, list(events))

    taught = corner.aegis("model", "calibrate", str(bundle), "--verdicts", "--json")
    assert taught.returncode == 0, taught.stderr
    figures = json.loads(taught.stdout)
    assert (figures["verdicts"], figures["categories"]["object_types"]["taught"]) == (len(events), True)
    assert load_bundle(bundle).taxonomy_digest != before

    back = corner.aegis("model", "calibrate", str(bundle), "--forget-verdicts")
    assert (back.returncode, "what verdicts taught is forgotten" in back.stdout) == (0, True)
    assert load_bundle(bundle).taxonomy_digest == before


async def test_without_verdicts_nothing_is_taught(corner: Pipeline, bundle: Path) -> None:
    told = corner.aegis("model", "calibrate", str(bundle), "--verdicts")
    assert (told.returncode, "nobody has said anything of any tag" in told.stderr) == (1, True)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((), "say what to fit on: --labels with --images, or --verdicts"),
        (("--verdicts", "--forget-verdicts"), "--verdicts and --forget-verdicts stand alone"),
    ],
)
def test_unclear_orders_are_refused(corner: Pipeline, bundle: Path, options: tuple[str, ...], why: str) -> None:
    told = corner.aegis("model", "calibrate", str(bundle), *options)
    assert (told.returncode, why in told.stderr) == (2, True)
