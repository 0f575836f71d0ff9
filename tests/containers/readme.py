"""The commands of the README's production section, as its readers copy them."""

from __future__ import annotations

import re

from tests.containers.docker import ROOT

_SECTION = "## In production"


def production_blocks() -> list[str]:
    """Return the shell blocks of the section, in their order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition(f"\n{_SECTION}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
