"""`aegis extract --git` on real work trees: what changed is sent, what is gone is removed, and LFS is followed."""

from __future__ import annotations

import json
import stat
import sys
from typing import Any

import pytest

from schemas import AssetExtracted, decode_event
from schemas.objects import sha256_hex
from tests.integration.producer.outside import Outside
from tests.unit.producer.commands import Aegis
from tests.unit.producer.making import png, zip_of
from tests.unit.producer.work_trees import WorkTree, work_tree


@pytest.fixture
def tree(aegis: Aegis) -> WorkTree:
    return work_tree(aegis.folder / "game")


def extract(aegis: Aegis, *options: str, code: int = 0, **more: str) -> dict[str, Any]:
    done = aegis.run("extract", "game/Assets", "--output", "out", "--ai-tagging", "--json", *options, **more)
    assert done.returncode == code, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


async def newest(outside: Outside) -> dict[str, str | None]:
    """Return by id the digest of what stands last on the topic; None for a removal."""
    return {
        (record.key or b"").decode(): None
        if record.value is None
        else decode_event(AssetExtracted, record.value).object.sha256
        for record in await outside.records()
    }


async def test_what_changed_is_sent_under_the_ids_of_a_whole_extraction_and_what_is_gone_is_removed(
    aegis: Aegis, outside: Outside, tree: WorkTree
) -> None:
    whole = extract(aegis)
    before = await newest(outside)
    assert {item["asset_id"] for item in whole["textures"]} == before.keys()
    tree.write("Assets/sword.png", png(11))
    tree.write("Assets/new.png", png(12))
    tree.write("elsewhere.png", png(13))
    tree.git("mv", "Assets/ui/icon.png", "Assets/ui/button.png")
    zip_of(tree.root / "Assets" / "pack.zip", [("a.png", png(14))])
    tree.commit()
    tree.write("Assets/uncommitted.png", png(15))

    told = extract(aegis, "--git", "HEAD~1..HEAD")

    assert {item["asset_id"] for item in told["textures"]} == {
        "Assets/sword.png",
        "Assets/new.png",
        "Assets/ui/button.png",
        "Assets/pack.zip/a.png",
    }
    assert told["git"] == {
        "files": 5,
        "removed": ["Assets/pack.zip/b.png", "Assets/ui/icon.png"],
        "unremoved": [],
        "unread": [],
        "missing": [],
    }
    after = await newest(outside)
    assert {name for name, digest in after.items() if digest is None} == set(told["git"]["removed"])
    assert after["Assets/ui/button.png"] == before["Assets/ui/icon.png"]
    assert after["Assets/sword.png"] != before["Assets/sword.png"]


async def test_what_cannot_be_read_now_is_not_gone(aegis: Aegis, outside: Outside, tree: WorkTree) -> None:
    extract(aegis)
    tree.write("Assets/pack.zip", b"PK\x03\x04 broken")
    tree.commit()

    told = extract(aegis, "--git", "HEAD~1..HEAD")

    assert [item["what"] for item in told["skipped"]] == ["Assets/pack.zip"]
    assert (told["extracted"], told["git"]["removed"]) == (0, [])
    assert None not in (await newest(outside)).values()


async def test_removals_that_nobody_takes_are_told_and_made_the_next_time(
    aegis: Aegis, outside: Outside, tree: WorkTree
) -> None:
    extract(aegis)
    tree.git("rm", "--quiet", "Assets/sword.png")
    tree.commit()

    away = extract(aegis, "--git", "HEAD~1..HEAD", code=1, AEGIS_KAFKA_BOOTSTRAP="127.0.0.1:9")
    back = extract(aegis, "--git", "HEAD~1..HEAD")

    assert (away["git"]["unremoved"], back["git"]["removed"]) == (["Assets/sword.png"], ["Assets/sword.png"])
    assert (await newest(outside))["Assets/sword.png"] is None


def pointer(data: bytes) -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256_hex(data)}\nsize {len(data)}\n".encode()


async def test_files_of_git_lfs_come_from_the_clone_or_the_object_store_and_others_are_told(
    aegis: Aegis, outside: Outside, tree: WorkTree
) -> None:
    in_clone, in_store, nowhere = png(21), png(22), png(23)
    digest = sha256_hex(in_clone)
    tree.write(f".git/lfs/objects/{digest[:2]}/{digest[2:4]}/{digest}", in_clone)
    outside.upload(in_store)
    for name, data in (("clone.png", in_clone), ("store.png", in_store), ("nowhere.png", nowhere)):
        tree.write(f"Assets/{name}", pointer(data))
    tree.write("Assets/sound.wav", pointer(b"sound"))
    tree.commit()

    done = aegis.run("extract", "game/Assets", "-o", "out", "--ai-tagging", "--git", "HEAD~1..HEAD", "--json")

    told = json.loads(done.stdout)
    assert {item["asset_id"] for item in told["textures"]} == {"Assets/clone.png", "Assets/store.png"}
    assert (done.returncode, told["git"]["missing"]) == (1, ["Assets/nowhere.png"])
    assert "1 files are pointers of Git LFS" in done.stderr
    assert "Run git lfs fetch" in done.stderr
    whole = aegis.run("extract", "game/Assets", "-o", "out", "--json")
    reasons = {item["what"]: item["reason"] for item in json.loads(whole.stdout)["skipped"]}
    assert reasons.keys() == {f"Assets/{name}.png" for name in ("clone", "store", "nowhere")}
    assert all("is a pointer of Git LFS" in reason for reason in reasons.values())


async def test_a_texture_of_git_lfs_that_is_gone_is_removed_though_nobody_has_it(
    aegis: Aegis, outside: Outside, tree: WorkTree
) -> None:
    tree.write("Assets/old.png", pointer(png(31)))
    tree.write("Assets/old.zip", pointer(b"an archive"))
    tree.commit()
    tree.git("rm", "--quiet", "Assets/old.png", "Assets/old.zip")
    tree.commit()

    told = extract(aegis, "--git", "HEAD~1..HEAD")

    assert (told["git"]["removed"], told["git"]["unread"]) == (["Assets/old.png"], ["Assets/old.zip"])
    assert await newest(outside) == {"Assets/old.png": None}


async def test_a_hook_sends_what_each_commit_changed(aegis: Aegis, outside: Outside, tree: WorkTree) -> None:
    """Git runs a hook with variables of its own, which name the repository from where the hook begins."""
    hook = tree.root / ".git" / "hooks" / "post-commit"
    hook.write_text(
        f"#!/bin/sh\nexec {sys.executable} -m aegis extract Assets --git HEAD~1..HEAD --output ../out --ai-tagging\n"
    )
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    tree.write("Assets/new.png", png(41))

    tree.commit(**aegis.variables())

    assert set(await newest(outside)) == {"Assets/new.png"}
