"""The names in a text that point to something: what must be there for the text to be true."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "setting", "metric", "header", "topic", "make target", "route", "command", "option", "module", "path", "name"
]


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """Something that a text names; a command is its words, `aegis` or `python -m consumer` left out."""

    kind: Kind
    name: str


_SETTING = re.compile(r"\bAEGIS_(?:[A-Z0-9]+_)*(?:[A-Z0-9]+(?![A-Z0-9_…])|(?=…))")
_METRIC = re.compile(r"(?<![\w/.-])aegis_[a-z_]*[a-z](?![\w.-])")
_HEADER = re.compile(r"(?<![\w.-])(?:dlq-[a-z]|ce_[a-z])[a-z-]*[a-z]\b")
_TOPIC = re.compile(r"(?<![\w/.-])asset-(?:[a-z]+)(?:\.[a-z]+)*(?![\w.-])")
_MAKE = re.compile(r"(?:^|[;&(]\s*)make((?: +[a-z][a-z-]*)+)", re.MULTILINE)
_ROUTE = re.compile(r"\b(?:GET|POST|PUT|PATCH|DELETE) (/[^\s?`]*)")
_MODULE = re.compile(r"\bpython3? -m ([a-z][a-z_.]*[a-z])(?![\w.])")
_COMMAND = re.compile(
    r"(?:^|(?<!namespace)(?<!generic)[\s(/])(?:aegis|tools(?= [a-z]+ ))(?: +[^\n|;&()]*)?(?=$|[\n|;&()])", re.MULTILINE
)
_SERVICE = re.compile(r"\bpython -m consumer +([^\n|;&()]*)")
_OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]*[a-z])")
_EXTENSIONS = [
    "py",
    "md",
    "yml",
    "yaml",
    "toml",
    "json",
    "jsonl",
    "txt",
    "sh",
    "sql",
    "csv",
    "tsv",
    "npz",
    "onnx",
    "proto",
    "gz",
    "html",
    "svg",
    "png",
    "env",
    "prom",
    "mjs",
    "lock",
]
_FILE = rf"\.?[\w-]+(?:\.[\w-]+)*\.(?:{'|'.join(_EXTENSIONS)})"
_PATH = re.compile(rf"(?:(?:\.\.?/)?(?:[\w.-]+/)+(?:{_FILE}|[\w.-]+)?|{_FILE})")
_NAME = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\(.*\))?")
_CAMEL = re.compile(r"[A-Z]+[a-z0-9]+[A-Z]\w*")
# A path in running text is one only with a file name's ending, or below a folder of this project.
_PATH_IN_TEXT = re.compile(rf"(?<![\w/.<>:@$…*-])(?:[\w.-]+/)*{_FILE}(?![\w/*-])")
_PLACEHOLDER = re.compile(r"^(?:[A-Z][A-Z/_-]*|….*|\[.*|<.*)$")


def settings(text: str) -> set[Reference]:
    """Return the settings named anywhere in a text; `AEGIS_KAFKA_…` stands for all that begin so."""
    return {Reference("setting", name) for name in _SETTING.findall(text) if name != "AEGIS_"}


def in_span(text: str) -> set[Reference]:
    """Return what a code span names."""
    found = in_shell(text)
    if text.startswith("-"):
        found |= {Reference("option", name) for name in _OPTION.findall(text)}
    if _PATH.fullmatch(text):
        found |= set() if _is_output(text) else {Reference("path", text)}
    elif not found and (named := _NAME.fullmatch(text)) and is_telling(named[1]):
        found.add(Reference("name", named[1]))
    return found


def in_shell(text: str) -> set[Reference]:
    """Return what shell text names, but for its paths, which are the reader's own as often as not."""
    patterns: tuple[tuple[Kind, re.Pattern[str]], ...] = (
        ("metric", _METRIC),
        ("header", _HEADER),
        ("topic", _TOPIC),
        ("route", _ROUTE),
        ("module", _MODULE),
    )
    found = {Reference(kind, name) for kind, pattern in patterns for name in pattern.findall(text)}
    found |= {Reference("make target", target) for targets in _MAKE.findall(text) for target in targets.split()}
    found |= {Reference("command", line) for line in _commands(text)}
    return found | settings(text)


def in_text(text: str) -> set[Reference]:
    """Return the settings and the files that running text names, code spans or not."""
    return settings(text) | {Reference("path", path) for path in _PATH_IN_TEXT.findall(text) if not _is_output(path)}


def _is_output(path: str) -> bool:
    """Tell whether the path is of something that a run of this project makes."""
    return path.startswith(("build/", ".aegis/", ".venv/")) or bool(re.search(r"\b(?:NAME|TARGET)\b", path))


def is_telling(name: str) -> bool:
    """Tell whether a word in a code span is a name of code: `event_id`, `TaskGroup`, `model.precision`."""
    return "_" in name.strip("_") or "." in name or bool(_CAMEL.fullmatch(name))


def _commands(text: str) -> set[str]:
    found = set()
    for matched in _COMMAND.findall(text):
        words = _words(re.sub(r"^[\s(/]*(?:aegis|tools)", "", matched))
        if words and re.fullmatch(r"[a-z|]+", words[0]):
            found.add(shlex.join(("aegis", *words)))
    for matched in _SERVICE.findall(text):
        if words := _words(matched):
            found.add(shlex.join(("consumer", *words)))
    return found


def _words(text: str) -> list[str]:
    """Return the words up to a comment or a word that stands for others; of alternatives, the first."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        # A quote that is open belongs to the text around it: eval "$(aegis stack env)".
        words = text.replace('"', " ").replace("'", " ").split()
    return [word.split("|")[0].rstrip(",.;:") for word in words if not _PLACEHOLDER.match(word)]
