"""The help of every verb: texts that stand alone, examples that can be typed, and no slow import."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aegis.__main__ import cli
from aegis.reference.verbs import verbs
from aegis.shared.dlq_options import STAGES
from aegis.shared.verb import Verb
from schemas import Stage

# Words that lean on the line above, or on the name of the option.
LEANING = {"Also", "Another", "Behind", "Default", "How", "It", "Of", "Only", "They", "Whether", "Where", "Why"}
# What the verbs use when they run, and what takes long to import.
HEAVY = {
    *("PIL", "aiokafka", "alembic", "asyncio", "asyncpg", "devstack", "minio", "numpy", "onnx", "onnxruntime"),
    *("psutil", "pydantic", "pydantic_settings", "pyvips", "rich", "schemas", "sqlalchemy", "structlog", "tokenizers"),
    *("torch", "uvicorn", "yaml", "UnityPy"),
}


VERBS = {" ".join(path): command for path, command in verbs() if path}


def test_every_help_text_stands_alone() -> None:
    texts = {
        **{name: (command.help or "").strip() for name, command in VERBS.items()},
        **{
            f"{name} {parameter.human_readable_name}": parameter.help
            for name, command in VERBS.items()
            for parameter in command.params
            if isinstance(parameter, click.Option | click.Argument)
        },
    }

    assert [place for place, text in texts.items() if not text] == []
    assert {
        place: text
        for place, text in texts.items()
        if text and (not text.endswith(".") or text[0].islower() or text.split(maxsplit=1)[0] in LEANING)
    } == {}


@pytest.mark.parametrize("name", VERBS)
def test_every_help_has_examples(name: str) -> None:
    done = CliRunner().invoke(cli, [*name.split(), "--help"])

    assert done.exit_code == 0
    assert f"\nExamples:\n  {VERBS[name].examples[0]}" in done.output  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "example", [line for command in VERBS.values() if isinstance(command, Verb) for line in command.examples]
)
def test_every_example_can_be_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, example: str) -> None:
    """All up to the verb's own work: the command, its options and arguments, and their values."""
    monkeypatch.chdir(tmp_path)
    for folder in ("next", "textures", "bundles", "Game_Data"):
        (tmp_path / folder).mkdir()
    for file in ("new.yaml", "calibration.json", "labels.csv", "sword.png"):
        (tmp_path / file).touch()
    words = shlex.split(example.removeprefix('eval "$(').removesuffix(')"'))
    words = words[words.index("aegis") + 1 :]
    end = next((index for index, word in enumerate(words) if word in {"|", ">"}), len(words))
    name = " ".join(words[:2]) if " ".join(words[:2]) in VERBS else words[0]

    with VERBS[name].make_context(name, words[len(name.split()) : end]):
        pass


def test_users_verbs_are_apart_from_those_for_work_on_the_project() -> None:
    text = CliRunner().invoke(cli, ["--help"]).output
    assert text.index("Textures and their tags:") < text.index("  search") < text.index("Running the services:")
    assert text.index("Working on Aegis Tagger itself:") < text.index("  docs")


def test_the_stages_of_dead_letters_are_those_of_the_events() -> None:
    assert list(STAGES) == [str(stage) for stage in Stage]


def test_no_help_imports_what_is_slow() -> None:
    """One process shows the help of every verb; what none of them imported, each of them did not."""
    program = (
        "import contextlib, io, json, sys\n"
        "from click.testing import CliRunner\n"
        "already = set(sys.modules)\n"
        "from aegis.__main__ import cli\n"
        f"for name in {['', *VERBS]!r}:\n"
        "    assert CliRunner().invoke(cli, [*name.split(), '--help']).exit_code == 0\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - already})))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert HEAVY & set(json.loads(done.stdout)) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell: str) -> None:
    done = CliRunner().invoke(cli, ["completion", shell])

    assert done.exit_code == 0
    assert "_AEGIS_COMPLETE" in done.output


def test_what_a_shell_asks_is_answered_with_verbs_and_options() -> None:
    def complete(words: str, index: int) -> str:
        asked = {"_AEGIS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(index)}
        return CliRunner().invoke(cli, [], prog_name="aegis", env=asked).output

    assert "plain,verdict" in complete("aegis ver", 1)
    assert "plain,redrive" in complete("aegis dlq re", 2)
    assert "plain,--min-confidence" in complete("aegis search --min", 2)
