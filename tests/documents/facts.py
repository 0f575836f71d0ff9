"""What there is for a text to name: the files, settings, metrics, commands and words of this project."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import click

from tests.documents import code
from tests.documents.references import Reference

ROOT = Path(__file__).parents[2]
_WORD = re.compile(r"[A-Za-z_]\w*")
_BINARY = {".png", ".npz", ".onnx", ".gz", ".bin", ".unity3d", ".zip", ".ogg", ".jpg", ".svg"}


@dataclass(frozen=True, slots=True)
class Facts:
    """All of one project. Folders are among the paths, with a slash at their end."""

    paths: Collection[str]
    settings: Collection[str] = ()
    metrics: Collection[str] = ()
    headers: Collection[str] = ()
    topics: Collection[str] = ()
    routes: Collection[str] = ()
    make_targets: Collection[str] = ()
    words: Collection[str] = ()
    options: Collection[str] = ()
    commands: click.Command | None = None
    # What the reader, another project or the running program makes, or calls so.
    elsewhere: Collection[str] = ()

    def lack(self, reference: Reference, folder: str = "") -> bool:
        """Tell whether what a text in this folder names is missing."""
        if reference.name in self.elsewhere:
            return False
        known = {
            "setting": self._setting,
            "metric": lambda name: re.sub(r"_(bucket|sum|count|total)$", "", name) in self._bare_metrics(),
            "header": lambda name: name in self.headers,
            "topic": lambda name: name in self.topics,
            "route": lambda name: name in self.routes,
            "make target": lambda name: name in self.make_targets,
            "command": self._command,
            "option": lambda name: name in self.options or name in _all_options(self.commands),
            "module": self._module,
            "path": lambda name: self._path(name, folder),
            "name": self._name,
        }
        return not known[reference.kind](reference.name)

    def _setting(self, name: str) -> bool:
        return name in self.settings or (name.endswith("_") and any(each.startswith(name) for each in self.settings))

    def _bare_metrics(self) -> set[str]:
        return {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in self.metrics}

    def _module(self, name: str) -> bool:
        path = name.replace(".", "/")
        return f"{path}.py" in self.paths or f"{path}/__main__.py" in self.paths or name in {"pip", "venv", "pytest"}

    def _path(self, name: str, folder: str) -> bool:
        bare = name.removeprefix("./")
        beside = _normal(f"{folder}/{bare}")
        ways = {bare, beside, f"{bare}/", f"{beside}/"}
        return not ways.isdisjoint(self.paths) or any(
            path.endswith((f"/{bare}", f"/{bare}/")) for path in self.paths if not bare.startswith("..")
        )

    def _name(self, name: str) -> bool:
        first, _, rest = name.partition(".")
        if f"{first}/" in self.paths and rest:
            return self._inside(name)
        return all(part in self.words for part in name.split("."))

    def _inside(self, name: str) -> bool:
        """Tell whether a dotted name of our packages is a module, or a name in one."""
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            path = "/".join(parts[:length])
            if f"{path}.py" in self.paths or f"{path}/" in self.paths:
                return all(part in self.words for part in parts[length:])
        return False

    def _command(self, line: str) -> bool:
        program, *rest = line.split()
        if program == "consumer":
            services = {"tagger", "sink", "comparer", "lake", "gateway"}
            return rest[0] in services and set(rest[1:]) <= {"--workers", "N", "2"}
        command, options = _leaf(self.commands, rest)
        return command is not None and options <= _options(command) | {"--help", "--version"}


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts).lstrip("/")


def _leaf(command: click.Command | None, words: list[str]) -> tuple[click.Command | None, set[str]]:
    """Follow the verbs as far as they go; return the command, None for a verb that is not there, and the options."""
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        verb, *words = words
        try:
            command = command.get_command(click.Context(command), verb)
        except click.UsageError:
            return None, set()
    options = {word.split("=")[0] for word in words if re.match(r"-{1,2}[A-Za-z]", word)}
    return command, options


def _options(command: click.Command) -> set[str]:
    return {name for option in command.params for name in (*option.opts, *option.secondary_opts)}


@cache
def _all_options(command: click.Command | None) -> frozenset[str]:
    if command is None:
        return frozenset()
    found = _options(command)
    if isinstance(command, click.Group):
        context = click.Context(command)
        found |= {
            o for name in command.list_commands(context) for o in _all_options(command.get_command(context, name))
        }
    return frozenset(found)


def tracked_files() -> list[str]:
    """Return the files of the project, new ones too, but not what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def words_of(names: Collection[str]) -> set[str]:
    """Return the words that code and configuration know."""
    found: set[str] = set()
    for name in names:
        if PurePosixPath(name).suffix in _BINARY | {".md"}:
            continue
        text = (ROOT / name).read_text(encoding="utf-8", errors="ignore")
        found |= code.words(text) if name.endswith(".py") else set(_WORD.findall(text))
    return found


def installed(path: str) -> bool:
    """Tell whether another project's file, `aiokafka/client.py`, is in the installed package."""
    package, _, rest = path.partition("/")
    spec = find_spec(package) if package.isidentifier() and rest else None
    return spec is not None and any((Path(place) / rest).exists() for place in spec.submodule_search_locations or ())
