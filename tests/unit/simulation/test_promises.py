"""The simulation looks for what docs/delivery.md promises, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

from tests.simulation.promises import Promise

PAGE = Path(__file__).parents[3] / "docs" / "delivery.md"


def test_the_promises_are_those_of_the_table_in_its_words_and_its_order() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("| guarantee |")[2].partition("\n\n")[0]

    assert [promise.value for promise in Promise] == re.findall(r"^\| \*\*(.+?)\*\*", table, re.MULTILINE)
