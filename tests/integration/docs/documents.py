"""All documents with command lines, and how one is followed from top to bottom."""

from __future__ import annotations

from tests.documents.facts import tracked_files
from tests.integration.docs.effects import (
    clients,
    command_pages,
    contributing,
    events,
    findings,
    gateway,
    lake,
    library,
    models,
    production,
    readme,
    replay,
)
from tests.integration.docs.effects.effect import Document, Effect, NotRun
from tests.integration.docs.reader import Reader

README = readme.DOCUMENT
OTHERS = (
    contributing.DOCUMENT,
    events.DOCUMENT,
    findings.DOCUMENT,
    clients.DOCUMENT,
    command_pages.DOCUMENT,
    gateway.DOCUMENT,
    lake.DOCUMENT,
    library.DOCUMENT,
    models.DOCUMENT,
    production.DOCUMENT,
    replay.DOCUMENT,
)


def covered() -> dict[str, Document]:
    """Return each document that users and developers follow; one that is not listed above has no effects."""
    listed = {document.path: document for document in (README, *OTHERS)}
    roots = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
    paths = [name for name in tracked_files() if name in roots or (name.startswith("docs/") and name.endswith(".md"))]
    return {path: listed.get(path, Document(path)) for path in paths}


def follow(document: Document, reader: Reader) -> list[str]:
    """Run a document's commands in their order; return what went wrong, by command."""
    problems = []
    for command in document.commands():
        effect = document.effects.get(command)
        try:
            _check(command, effect, reader)
        except Exception as error:  # noqa: BLE001 - the next commands are looked at all the same
            problems.append(f"{document.path}: {command}\n    {type(error).__name__}: {error}")
    return problems


def _check(command: str, effect: Effect | NotRun | None, reader: Reader) -> None:
    if effect is None:
        raise AssertionError("no effect is known: describe it in tests/integration/docs/effects")
    effect.arrange(reader)
    if isinstance(effect, NotRun):
        effect.check(command)
    else:
        _run(command, effect, reader)


def _run(command: str, effect: Effect, reader: Reader) -> None:
    background = {child.pid for child in reader.processes()}
    run = reader.begin(command)
    if effect.until_interrupted:
        try:
            effect.look(reader, run)
        finally:
            reader.interrupt(run, background)
        return
    code = reader.finish(run)
    assert code == 0, f"exit code {code}: {run.complaints[-1000:] or run.printed[-1000:]}"
    effect.look(reader, run)
