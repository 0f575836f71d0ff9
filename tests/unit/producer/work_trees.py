"""Git work trees with textures, made by git itself."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.unit.producer.making import png, zip_of

_IDENTITY = {
    "GIT_AUTHOR_NAME": "anna",
    "GIT_AUTHOR_EMAIL": "anna@example.org",
    "GIT_COMMITTER_NAME": "anna",
    "GIT_COMMITTER_EMAIL": "anna@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@dataclass(frozen=True)
class WorkTree:
    """A repository with an author, whatever this machine's configuration says."""

    root: Path

    def git(self, *arguments: str, **more: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            env={**os.environ, **_IDENTITY, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write(self, name: str, data: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def commit(self, **more: str) -> None:
        """Commit everything; ``more`` are variables for the hooks."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "more", **more)


def work_tree(root: Path) -> WorkTree:
    """Return a work tree with two textures and an archive of two in Assets, and a texture elsewhere."""
    root.mkdir()
    found = WorkTree(root)
    found.git("init", "--quiet")
    found.write("Assets/sword.png", png(1))
    found.write("Assets/ui/icon.png", png(2))
    found.write("Assets/notes.txt", b"no texture")
    found.write("elsewhere.png", png(3))
    zip_of(root / "Assets" / "pack.zip", [("a.png", png(4)), ("b.png", png(5))])
    found.commit()
    return found
