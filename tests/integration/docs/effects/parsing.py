"""What can be checked of a command that cannot run here: its parts are known to the files that it works on."""

from __future__ import annotations

import re
import shlex
import tomllib

import click
import yaml

from aegis.__main__ import cli
from tests.documents.facts import ROOT


def make_targets(command: str) -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {word for word in command.split()[1:] if "=" not in word} <= set(targets)


def docker(command: str) -> None:
    """The services are those of the compose file, and what `tools` runs is a verb of aegis with its options."""
    words = shlex.split(command)
    if words[1] == "build":
        assert (ROOT / words[-1] / "Dockerfile").is_file()
        return
    if words[1] == "run":
        verb(words[words.index("aegis") + 1 :])
        return
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    services = composed["services"]
    action = next(word for word in words[2:] if word in {"up", "run", "down"})
    rest = words[words.index(action) + 1 :]
    if action == "run":
        assert "tools" in services
        verb(rest[rest.index("tools") + 1 :])
        return
    named = [word.split("=")[0] for word in rest if not word.startswith("-")]
    assert set(named) <= set(services)
    if "--profile" in words:
        assert words[words.index("--profile") + 1] in {
            name for each in services.values() for name in each.get("profiles", ())
        }


def kubectl(command: str) -> None:
    """The folder is one of Kustomize whose files are there; the secret is the one that they read."""
    words = shlex.split(command.replace("\\\n", " "))
    folder = ROOT / "deploy" / "kubernetes"
    if "--kustomize" in words:
        folder = ROOT / words[words.index("--kustomize") + 1]
        kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
        assert all((folder / name).exists() for name in kustomization["resources"])
    elif "secret" in words:
        name = words[words.index("generic") + 1]
        manifests = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.yaml"))
        assert re.search(rf"secretRef: {{name: {name}}}", manifests)
    else:
        assert words[1:3] == ["create", "namespace"]
        assert f"namespace: {words[3]}" in (folder / "kustomization.yaml").read_text(encoding="utf-8")


def pip(command: str) -> None:
    """The extra is one of this project's."""
    extra = re.fullmatch(r"pip install 'aegis-tagger\[(\w+)\]'", command)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert extra
    assert extra[1] in project["optional-dependencies"]


def aegis(command: str) -> None:
    words = shlex.split(command)
    verb(words[words.index("aegis") + 1 :])


def verb(words: list[str]) -> None:
    """Parse a command line of aegis and run nothing; click fails for a verb or an option that it does not know.

    Files that it names are the reader's.
    """
    command: click.Command = cli
    context = click.Context(command, info_name="aegis")
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found, words
        command, words = found, words[1:]
    try:
        command.make_context(command.name, list(words), parent=context)
    except click.BadParameter as error:
        if "does not exist" not in error.message:
            raise


def client(command: str) -> None:
    """The folder and what is run in it are there."""
    folder = ROOT / "docs" / "clients"
    words = shlex.split(command)
    if words[0] == "cd":
        folder = folder / words[1]
    assert folder.is_dir()
    for word in words:
        if re.search(r"\.(mjs|sh|py)$", word):
            assert (folder / word).is_file()
    if "--bin" in words:
        assert (folder / "src" / "bin" / f"{words[words.index('--bin') + 1]}.rs").is_file()
    if words[3:5] == ["go", "run"]:
        assert (folder / words[5] / "main.go").is_file()


def tests_are_there(command: str) -> None:
    """The folder holds tests, and the word after -k stands in one of them."""
    words = shlex.split(command)
    sources = list((ROOT / words[1]).rglob("test_*.py"))
    assert sources
    if "-k" in words:
        assert any(words[words.index("-k") + 1] in path.read_text(encoding="utf-8") for path in sources)
