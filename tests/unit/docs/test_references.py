"""Whatever a document, a docstring or a comment names is there: files, settings, metrics, commands, names of code."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

from tests.documents import code, markdown, references
from tests.documents.facts import ROOT, installed
from tests.documents.references import Reference
from tests.unit.docs.project import ELSEWHERE, facts

# It names the files of the projects that the samples come from.
LICENSES = "samples/LICENSES.md"
DOCUMENTS = sorted(path for path in facts().paths if path.endswith(".md"))
SOURCES = sorted(
    path
    for path in facts().paths
    # These hold false names on purpose.
    if path.endswith(".py") and not path.startswith(("tests/documents/", "tests/unit/docs/"))
)
CONFIGURATION = sorted(
    path
    for path in facts().paths
    if PurePosixPath(path).suffix in {".yml", ".yaml", ".toml", ".sh", ".example"}
    or PurePosixPath(path).name in {"Makefile", "Dockerfile", ".importlinter"}
)
# Languages whose blocks hold no command and no name of ours.
DATA = {"json", "csv", "mermaid", "text"}


@pytest.fixture(autouse=True)
def _no_stack_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb that is looked up asks for the services of this folder."""
    monkeypatch.setenv("AEGIS_STACK_DIR", str(tmp_path))


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def of_document(path: str) -> set[Reference]:
    text = text_of(path)
    found = references.settings(text)
    for block in markdown.blocks(text):
        if block.language not in DATA:
            found |= references.in_shell(block.text)
    if path != LICENSES:
        found |= {item for span in markdown.spans(text) for item in references.in_span(span)}
    return found


def of_source(path: str) -> set[Reference]:
    """Return what the docstrings and comments name; of the whole text, the settings and the commands in messages."""
    text = text_of(path)
    remarks = code.remarks(text)
    found = references.in_text(remarks) | {item for span in code.spans(remarks) for item in references.in_span(span)}
    if path.startswith("tests/"):
        return found
    messages = {item for span in code.spans(text) for item in references.in_span(span) if item.kind == "command"}
    return found | references.settings(text) | messages


def of_configuration(path: str) -> set[Reference]:
    text = text_of(path)
    comments = "\n".join(re.findall(r"(?:^|\s)[#;] (.*)", text))
    spans = {item for span in code.spans(comments) for item in references.in_span(span)}
    return references.in_text(comments) | references.settings(text) | spans


def missing(found: set[Reference], path: str) -> list[Reference]:
    folder = str(PurePosixPath(path).parent)
    return [item for item in sorted(found) if facts().lack(item, folder) and not installed(item.name)]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_what_a_document_names_exists(path: str) -> None:
    assert missing(of_document(path), path) == []


@pytest.mark.parametrize("path", DOCUMENTS)
def test_what_a_document_links_to_exists(path: str) -> None:
    """A file, and in it a heading of the anchor's name; addresses elsewhere are not asked."""
    broken = []
    for link in markdown.links(text_of(path)):
        file, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (ROOT / path).parent / file if file else ROOT / path
        if not target.exists() or (anchor and anchor not in markdown.anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


def test_what_docstrings_comments_and_messages_name_exists() -> None:
    assert {path: lacks for path in SOURCES if (lacks := missing(of_source(path), path))} == {}


def test_what_the_comments_of_configuration_name_exists() -> None:
    assert {path: lacks for path in CONFIGURATION if (lacks := missing(of_configuration(path), path))} == {}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_block_says_its_language(path: str) -> None:
    """A block without one, or one that is only indented, would escape the tests of command lines."""
    text = text_of(path)

    assert markdown.indented_code(text) == []
    assert [block.text for block in markdown.blocks(text) if not block.language] == []


def test_no_exception_is_stale() -> None:
    """Each is named somewhere, and is still not there."""
    named = {item for path in DOCUMENTS for item in of_document(path)}
    named |= {item for path in SOURCES for item in of_source(path)}
    named |= {item for path in CONFIGURATION for item in of_configuration(path)}

    assert set(ELSEWHERE) - {item.name for item in named} == set()
