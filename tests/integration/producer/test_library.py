"""`aegis tag` on a folder of textures: what is new or changed is sent, what is gone is removed, the rest is left."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from schemas import AssetExtracted, decode_event
from testkit.kafka_tools import eventually
from tests.integration.producer.outside import Outside
from tests.unit.producer.commands import Aegis
from tests.unit.producer.making import png

A_MINUTE_AGO_NS = 60_000_000_000


@pytest.fixture
def library(aegis: Aegis) -> Path:
    """A project of three textures, with a file that is none, and an archive."""
    folder = aegis.folder / "textures"
    for name, seed in (("items/sword.png", 1), ("items/shield.PNG", 2), ("tree.png", 3)):
        draw(folder / name, seed)
    (folder / "notes.txt").write_text("no texture", encoding="utf-8")
    made = aegis.run("init", "textures", "--name", "mygame")
    assert made.returncode == 0, made.stderr
    return folder


def draw(path: Path, seed: int) -> None:
    """Write a texture whose time of change is long ago, so that it need not be read to be known."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(seed))
    past = path.stat().st_mtime_ns - A_MINUTE_AGO_NS
    os.utime(path, ns=(past, past))


def tag(aegis: Aegis, *options: str, code: int = 0) -> dict[str, Any]:
    done = aegis.run("tag", "textures", "--json", *options)
    assert done.returncode == code, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


async def newest(outside: Outside) -> dict[str, AssetExtracted | None]:
    """Return by id what stands last on the topic; None for a removal."""
    return {
        (record.key or b"").decode(): None if record.value is None else decode_event(AssetExtracted, record.value)
        for record in await outside.records()
    }


async def test_what_is_new_changed_or_gone_is_told_once(aegis: Aegis, outside: Outside, library: Path) -> None:
    first, again = tag(aegis), tag(aegis)

    assert (first["published"], first["unchanged"], first["removed"]) == (3, 0, 0)
    assert (again["published"], again["unchanged"], again["removed"]) == (0, 3, 0)
    events = await newest(outside)
    assert set(events) == {"mygame/items/sword.png", "mygame/items/shield.PNG", "mygame/tree.png"}
    sword = events["mygame/items/sword.png"]
    assert sword is not None
    assert sword.source is not None
    assert (sword.source.container_path, sword.object.content_type) == ("items/sword.png", "image/png")
    assert outside.digest(sword.object.key) == sword.object.sha256
    assert outside.stored_object(sword.object.key) == (library / "items" / "sword.png").read_bytes()

    draw(library / "items" / "sword.png", 9)
    (library / "tree.png").unlink()
    draw(library / "new.png", 4)
    third = tag(aegis)

    assert (third["published"], third["unchanged"], third["removed"]) == (2, 1, 1)
    events = await newest(outside)
    assert events["mygame/tree.png"] is None
    changed = events["mygame/items/sword.png"]
    assert changed is not None
    assert changed.object.sha256 != sword.object.sha256
    assert (tag(aegis)["published"], len(await outside.records())) == (0, 6)


async def test_a_touched_file_is_read_and_not_sent(aegis: Aegis, outside: Outside, library: Path) -> None:
    tag(aegis)
    os.utime(library / "tree.png")

    assert tag(aegis)["unchanged"] == 3
    assert tag(aegis, "--all")["published"] == 3
    assert len(await outside.records()) == 6


async def test_what_is_ignored_is_left_out_and_removed_if_it_was_sent(
    aegis: Aegis, outside: Outside, library: Path
) -> None:
    tag(aegis)
    (library / ".aegisignore").write_text("# drafts\nitems/sh*\n*.tmp.png\n.cache\n", encoding="utf-8")
    draw(library / "half.tmp.png", 5)
    draw(library / ".cache" / "thumb.png", 6)
    (library / "link.png").symlink_to(library / "tree.png")

    told = tag(aegis)

    assert (told["published"], told["unchanged"], told["removed"]) == (0, 2, 1)
    assert (await newest(outside))["mygame/items/shield.PNG"] is None


@pytest.mark.parametrize(
    "away",
    [{"AEGIS_KAFKA_BOOTSTRAP": "127.0.0.1:9"}, {"AEGIS_S3_ENDPOINT": "http://127.0.0.1:9"}],
    ids=["kafka", "object store"],
)
async def test_an_outage_delays_everything_and_loses_nothing(
    aegis: Aegis, outside: Outside, library: Path, away: dict[str, str]
) -> None:
    tag(aegis)
    draw(library / "new.png", 4)
    (library / "tree.png").unlink()

    out = aegis.run("tag", "textures", "--json", **away)

    told = json.loads(out.stdout)
    assert (out.returncode, told["spooled"], told["removed"]) == (1, 1, 0), out.stderr
    assert "1 events wait in the spool, and 1 removals for the next run" in out.stderr
    back = tag(aegis)
    assert (back["published"], back["removed"], back["unchanged"]) == (0, 1, 3)
    events = await newest(outside)
    assert events["mygame/new.png"] is not None
    assert events["mygame/tree.png"] is None


async def test_watching_sends_what_comes_and_goes(aegis: Aegis, outside: Outside, library: Path) -> None:
    watching = aegis.start("tag", "textures", "--watch", "--every", "0.2")
    try:

        async def told(asset_id: str, *, is_there: bool) -> bool:
            events = await newest(outside)
            return asset_id in events and (events[asset_id] is not None) == is_there

        await eventually(lambda: told("mygame/tree.png", is_there=True), "the first look is sent", 60)
        draw(library / "new.png", 4)
        await eventually(lambda: told("mygame/new.png", is_there=True), "what comes is sent", 60)
        (library / "tree.png").unlink()
        await eventually(lambda: told("mygame/tree.png", is_there=False), "what goes is removed", 60)
    finally:
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=60)
    assert watching.returncode == 130


def test_two_folders_of_one_name_do_not_share_ids(aegis: Aegis) -> None:
    """Each has the name of its project; without one, that of the folder."""
    for place in ("a/textures", "b/textures"):
        draw(aegis.folder / place / "x.png", 1)
    assert aegis.run("init", "a/textures", "--name", "one").returncode == 0

    named = aegis.run("init", "a/textures")
    bad = aegis.run("init", "b/textures", "--name", "with/slash")

    assert (named.returncode, "is there already, and names 'one'" in named.stderr) == (2, True)
    assert (bad.returncode, "is no project name" in bad.stderr) == (2, True)


def test_what_would_send_the_wrong_thing_is_told(aegis: Aegis, outside: Outside, library: Path) -> None:
    tag(aegis)
    (library / "aegis.yaml").write_text("project: another", encoding="utf-8")
    renamed = aegis.run("tag", "textures")
    (library / "aegis.yaml").write_text("project: [", encoding="utf-8")
    broken = aegis.run("tag", "textures")
    (library / "aegis.yaml").unlink()
    (library / ".aegis" / f"sent-{outside.topics.extracted}.json").write_text("{", encoding="utf-8")
    damaged = aegis.run("tag", "textures")

    assert (renamed.returncode, "was sent as the project 'mygame'" in renamed.stderr) == (2, True), renamed.stderr
    assert (broken.returncode, "is no valid YAML" in broken.stderr) == (2, True)
    assert (damaged.returncode, "is damaged: delete it" in damaged.stderr) == (2, True)
