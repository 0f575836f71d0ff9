"""What a git repository holds, asked of the program git: files of a commit and their contents."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Final

from producer_tools.errors import InputError

_FILES: Final = frozenset({b"100644", b"100755"})
_CHUNK_BYTES: Final = 1024 * 1024
# A hook's repository: git sets them relative to where the hook began, and we begin elsewhere.
_OF_A_HOOK: Final = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})
_NOTHING: Final = frozenset("0")


class Repository:
    """A folder of a git work tree, and the commits that it is compared in; every call blocks."""

    def __init__(self, folder: Path) -> None:
        """Raise InputError for a folder that is in no work tree, and where git is not installed."""
        self._folder = folder
        program = shutil.which("git")
        if program is None:
            raise InputError("git is not installed, and --git needs it.")
        self._git: Final = (program, "-C", str(folder))
        self._environment = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
        if self._asked("rev-parse", "--is-inside-work-tree") != "true":
            raise InputError(f"{folder} is in no git work tree: --git compares commits of one.")

    def trees(self, text: str) -> tuple[str, str]:
        """Return the trees of `A..B`; without B that of HEAD, and an A of zeros, as of a new branch, is empty.

        Raises InputError.
        """
        old, dots, new = text.partition("..")
        if not dots or not old or new.startswith("."):
            raise InputError(f"--git {text} names no two commits: write A..B, for example HEAD~1..HEAD.")
        return self._tree(old), self._tree(new or "HEAD")

    def files(self, tree: str) -> dict[str, str]:
        """Return the files below the folder, their contents' names by path; no links, no submodules."""
        found = {}
        for line in self._run("ls-tree", "-r", "-z", tree).split(b"\0")[:-1]:
            facts, _, path = line.partition(b"\t")
            mode, _, blob = facts.split()
            name = os.fsdecode(path)
            # git makes no such tree, but others can.
            if mode in _FILES and not {"", ".", ".."}.intersection(name.split("/")):
                found[name] = blob.decode()
        return found

    def write(self, blobs: Mapping[str, str], target: Path) -> None:
        """Write contents below a folder, each to its path; raises InputError for one that this clone lacks."""
        command = [*self._git, "cat-file", "--batch"]
        with subprocess.Popen(  # noqa: S603 - git, by its path
            command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as reading:
            assert reading.stdin is not None
            assert reading.stdout is not None
            for name, blob in blobs.items():
                reading.stdin.write(f"{blob}\n".encode())
                reading.stdin.flush()
                path = target / PurePosixPath(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    _copy(reading.stdout, file, name)
            reading.stdin.close()

    def lfs_folder(self) -> Path:
        """Return where Git LFS keeps its objects in this clone, whether it is there or not."""
        common = self._folder / (self._asked("rev-parse", "--git-common-dir") or ".git")
        return common / (self._asked("config", "--get", "lfs.storage") or "lfs") / "objects"

    def _tree(self, name: str) -> str:
        if set(name) == _NOTHING:
            return self._run("hash-object", "-t", "tree", "--stdin").decode().strip()
        found = self._asked("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{tree}}")
        if not found:
            raise InputError(f"--git: there is no commit {name} in this clone; a shallow one has only the last.")
        return found

    def _asked(self, *arguments: str) -> str:
        """Return what git answers; nothing where it refuses."""
        done = subprocess.run(  # noqa: S603 - git, by its path, on a folder and names that it checks
            [*self._git, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else ""

    def _run(self, *arguments: str) -> bytes:
        done = subprocess.run(  # noqa: S603 - as above
            [*self._git, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            said = " ".join(os.fsdecode(done.stderr).split())
            raise InputError(f"git {arguments[0]} failed in {self._folder}: {said}.")
        return done.stdout


def _copy(source: IO[bytes], target: IO[bytes], name: str) -> None:
    header = source.readline().split()
    if len(header) != 3:
        raise InputError(f"{name} is not in this clone: fetch the commits whole, without a filter.")
    left = int(header[2])
    while left:
        chunk = source.read(min(left, _CHUNK_BYTES))
        if not chunk:
            raise InputError(f"git ended while it read {name}: run git fsck.")
        target.write(chunk)
        left -= len(chunk)
    source.read(1)


def units(names: Iterable[str]) -> dict[str, str]:
    """Return for each path what belongs together with it: files of a folder whose names begin alike.

    A texture's alpha, an atlas and its page, a Unity file and its pixels are such; which of them changed is all one.
    """
    found = {}
    for name in names:
        folder, _, file = name.rpartition("/")
        found[name] = f"{folder}/{file.split('.', 1)[0].partition('[')[0] or file}"
    return found
