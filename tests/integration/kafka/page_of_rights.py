"""The table of docs/access.md, as the tests grant it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from schemas import Topics
from testkit.secured_kafka import Right

_PAGE: Final = Path(__file__).parents[3] / "docs" / "access.md"
_ALL: Final = "each of the seven topics"
_ROW: Final = re.compile(rf"^\| (.+?) \| (topic|group|cluster|{_ALL})(?: `(.+)`)? \| (.+) \|$")


def rights_of(who: str) -> list[Right]:
    """Return what a process or verb needs, in the page's order; NAME, of a replay or retag, is `r`."""
    found = [right for names, rights in _rows() if who in names for right in rights]
    assert found, f"{who} is not on the page"
    return found


def _rows() -> Iterator[tuple[set[str], list[Right]]]:
    for line in _PAGE.read_text(encoding="utf-8").splitlines():
        match = _ROW.match(line.replace("NAME", "r"))
        if match is None:
            continue
        who, kind, name, rights = match.groups()
        names = [spec.name for spec in Topics("").specs(1)] if kind == _ALL else [name or ""]
        resource = "topic" if kind == _ALL else kind
        yield (
            {part.strip() for part in who.replace("`", "").split(",")},
            [Right(resource, name, right) for name in names for right in rights.split(", ")],
        )
