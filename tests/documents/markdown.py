"""The parts of a Markdown document that can be checked."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^[ ]{0,3}(`{3,})([^`\n]*)\n(.*?)^[ ]{0,3}\1`*[ ]*$\n?", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}|\t)(?! *(?:[-*+]|\d+\.) ).+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language ("" where none is named) and its text."""

    language: str
    text: str


def blocks(document: str) -> list[Block]:
    return [Block(language.strip(), text) for _, language, text in _FENCE.findall(document)]


def prose(document: str) -> str:
    """Return the document without its fenced blocks."""
    return _FENCE.sub("\n", document)


def spans(document: str) -> list[str]:
    """Return the text of each code span outside fenced blocks; a line break counts as a space."""
    return [" ".join(text.split()) for _, text in _SPAN.findall(prose(document))]


def links(document: str) -> list[str]:
    """Return the target of each link and image; code holds none."""
    return _LINK.findall(_SPAN.sub("`code`", prose(document)))


def indented_code(document: str) -> list[str]:
    """Return the first line of each block that is code by its indentation alone, which has no language."""
    return _INDENTED.findall(prose(document))


def anchors(document: str) -> set[str]:
    """Return the anchors of the headings, as code hosts make them: the second heading of a name gets -1."""
    found: dict[str, int] = {}
    for heading in _HEADING.findall(prose(document)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found[name] = found.get(name, -1) + 1
        if found[name]:
            found[f"{name}-{found[name]}"] = 0
    return set(found)
