"""docs/commands.md: the files by which shells complete a command line."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.integration.docs.effects.effect import Document, no_output
from tests.integration.docs.reader import Reader, Run

DOCUMENT = Document("docs/commands.md")
BASH, ZSH, FISH = (
    "~/.local/share/bash-completion/completions/aegis",
    "~/.zfunc/_aegis",
    "~/.config/fish/completions/aegis.fish",
)

for file in (BASH, ZSH, FISH):
    DOCUMENT.effect(f"mkdir -p {Path(file).parent}")(no_output)


@DOCUMENT.effect(f"aegis completion bash > {BASH}")
def bash_can_read_it(reader: Reader, run: Run) -> None:
    path = written(reader, BASH)
    subprocess.run(["bash", "-c", f"source {path} && complete -p aegis"], check=True, capture_output=True)


@DOCUMENT.effect(f"aegis completion zsh > {ZSH}")
def it_is_a_function_of_zsh(reader: Reader, run: Run) -> None:
    assert written(reader, ZSH).read_text(encoding="utf-8").lstrip().startswith("#compdef aegis")


@DOCUMENT.effect(f"aegis completion fish > {FISH}")
def it_is_a_completion_of_fish(reader: Reader, run: Run) -> None:
    assert "complete --no-files --command aegis" in written(reader, FISH).read_text(encoding="utf-8")


def written(reader: Reader, path: str) -> Path:
    return Path(path.replace("~", reader.variable("HOME"), 1))
