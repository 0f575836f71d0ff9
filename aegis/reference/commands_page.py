"""docs/commands.md: every verb with what it prints as JSON, taken from the verbs themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click

from aegis.__main__ import SECTIONS, VERBS, cli
from aegis.reference.markdown import NOTE, code, table
from aegis.reference.verbs import verbs

_INTRODUCTION = """\
# Commands

`aegis` runs services, works with assets and models, and operates Kafka, S3 and PostgreSQL. With `--help`, each command
shows its options and examples.

*Services.* `aegis run tagger`, `aegis run sink` and `aegis run gateway` do the same as `python -m consumer tagger` and
so on.

*Output.* A terminal shows tables. A pipe or a file gets one record per line, tab-separated, complete and without a line
of column names; hints go to standard error. With `--json`, a record is a JSON object with the fields below.

*Exit codes.* 0: done. 1: it could not be done now, or something is missing. 2: an option, a setting or a file is wrong,
or access is refused. 130: stopped by Ctrl-C. A message on standard error says what to do; `AEGIS_DEBUG=1` adds the
stack trace.

*Misspellings.* An unknown verb, option or variable `AEGIS_…` is refused with the nearest name. An unknown tag is only
pointed out, because people and other taxonomies add tags.

*Completion.* The script for your shell completes verbs, options and their values:

```sh
mkdir -p ~/.local/share/bash-completion/completions
aegis completion bash > ~/.local/share/bash-completion/completions/aegis
```

```sh
mkdir -p ~/.zfunc                                  # with fpath+=~/.zfunc before compinit in ~/.zshrc
aegis completion zsh > ~/.zfunc/_aegis
```

```sh
mkdir -p ~/.config/fish/completions
aegis completion fish > ~/.config/fish/completions/aegis.fish
```
"""


def commands_page() -> str:
    return "\n".join((NOTE, _INTRODUCTION, *map(_section, SECTIONS)))


def _section(section: str) -> str:
    rows = [row for verb, (folder, _) in VERBS.items() if folder == section for row in _rows(verb, _command(cli, verb))]
    return f"## {SECTIONS[section]}\n\n{table(('command', 'purpose', 'with `--json`'), rows)}"


def _rows(name: str, command: click.Command) -> Iterator[tuple[str, ...]]:
    for path, verb in verbs(command, (name,)):
        if not isinstance(verb, click.Group):
            yield code(f"aegis {' '.join(path)}"), verb.get_short_help_str(limit=300), _json(verb)


def _command(group: click.Group, name: str) -> click.Command:
    found = group.get_command(click.Context(group), name)
    assert found is not None
    return found


def _json(command: click.Command) -> str:
    """Return the help of ``--json``, which names the fields."""
    return next((str(option.help).removeprefix("Print ") for option in command.params if "--json" in option.opts), "")
