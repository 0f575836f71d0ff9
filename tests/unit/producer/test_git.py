"""`aegis extract --git` without services: which commits are compared, and what is told of others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.producer.commands import Aegis
from tests.unit.producer.making import png
from tests.unit.producer.work_trees import WorkTree, work_tree


@pytest.fixture
def aegis(tmp_path: Path) -> Aegis:
    return Aegis(tmp_path, {})


@pytest.fixture
def tree(aegis: Aegis) -> WorkTree:
    return work_tree(aegis.folder / "game")


def test_an_alpha_that_changed_changes_its_texture(aegis: Aegis, tree: WorkTree) -> None:
    """What belongs together by its name is extracted together, whichever part of it changed."""
    tree.write("Assets/sword[alpha].png", png(7))
    tree.write("Assets/sword.png.meta", b"guid: 1")
    tree.write("Assets/ui/icon.png.meta", b"guid: 2")
    tree.commit()

    done = aegis.run("extract", "game/Assets", "-o", "out", "--git", "HEAD~1..", "--json")

    told = json.loads(done.stdout)
    assert [item["asset_id"] for item in told["textures"]] == ["Assets/sword.png"]
    assert told["textures"][0]["mode"] == "RGBA"
    assert (done.returncode, told["git"]["files"]) == (0, 1)


def test_a_page_that_changed_alone_has_its_sprites_cut_anew(aegis: Aegis, tree: WorkTree) -> None:
    """An atlas names its pages, which are called as they like; of another atlas nothing is cut."""
    frames = {"hero": {"frame": {"x": 0, "y": 0, "w": 2, "h": 2}}, "tree": {"frame": {"x": 2, "y": 2, "w": 2, "h": 2}}}
    for atlas, page in (("world.json", "page-7.png"), ("menu.json", "buttons.png")):
        tree.write(f"Assets/{atlas}", json.dumps({"frames": frames, "meta": {"image": page}}).encode())
        tree.write(f"Assets/{page}", png(8))
    tree.commit()
    tree.write("Assets/page-7.png", png(9))
    tree.commit()
    tree.write("Assets/world.json", json.dumps({"frames": frames, "meta": {"image": "page-7.png"}}, indent=1).encode())
    tree.commit()

    for commits in ("HEAD~2..HEAD~1", "HEAD~1..HEAD"):
        done = aegis.run("extract", "game/Assets", "-o", commits, "--git", commits, "--json")
        told = json.loads(done.stdout)
        assert {item["asset_id"] for item in told["textures"]} == {
            "Assets/page-7.png",
            "Assets/world.json/hero",
            "Assets/world.json/tree",
        }
        assert (done.returncode, told["skipped"], told["git"]["files"]) == (0, [], 1)


def test_a_new_branch_is_compared_with_nothing(aegis: Aegis, tree: WorkTree) -> None:
    """A push of a new branch names a commit of zeros."""
    done = aegis.run("extract", "game", "-o", "out", "--git", f"{'0' * 40}..HEAD", "--json")
    assert {item["asset_id"] for item in json.loads(done.stdout)["textures"]} == {
        "game/Assets/sword.png",
        "game/Assets/ui/icon.png",
        "game/Assets/pack.zip/a.png",
        "game/Assets/pack.zip/b.png",
        "game/elsewhere.png",
    }


@pytest.mark.parametrize(
    ("folder", "commits", "why"),
    [
        ("game", "HEAD", "--git HEAD names no two commits: write A..B"),
        ("game", "HEAD~7..HEAD", "there is no commit HEAD~7 in this clone"),
        ("game", "--help..HEAD", "there is no commit --help in this clone"),
        (".", "HEAD~1..HEAD", "is in no git work tree"),
        ("game/elsewhere.png", "HEAD~1..HEAD", "is no folder: --git takes folders of a work tree"),
    ],
)
def test_what_git_does_not_know_is_told(aegis: Aegis, tree: WorkTree, folder: str, commits: str, why: str) -> None:
    done = aegis.run("extract", folder, "--output", "out", "--git", commits)
    assert (done.returncode, why in done.stderr) == (2, True), done.stderr
