"""Every check there is, as data, and what looks a texture over with them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from consumer.findings.check import Check, Finding
from consumer.findings.checks.alpha import ALPHA
from consumer.findings.checks.detail import DETAIL
from consumer.findings.checks.edges import EDGES
from consumer.findings.checks.mips import MIPS
from consumer.findings.checks.normals import NORMALS
from consumer.findings.checks.roles import ROLES
from consumer.findings.checks.size import SIZE
from consumer.findings.checks.storage import STORAGE
from consumer.findings.checks.tiling import TILING
from consumer.findings.checks.traces import TRACES
from consumer.findings.texture import Texture

# By what they look at; each group is a section of the page.
GROUPS: Final[Mapping[str, tuple[Check, ...]]] = {
    "Size": SIZE,
    "Mipmaps": MIPS,
    "Storage": STORAGE,
    "Alpha": ALPHA,
    "Edges": EDGES,
    "Normal maps": NORMALS,
    "Role": ROLES,
    "Tiling": TILING,
    "Detail": DETAIL,
    "Traces of compression": TRACES,
}
CHECKS: Final = tuple(check for group in GROUPS.values() for check in group)
BY_ID: Final[Mapping[str, Check]] = {check.id: check for check in CHECKS}
BY_NAME: Final[Mapping[str, Check]] = {check.name: check for check in CHECKS}
# What pixels that were made smaller no longer tell.
OF_FULL_SIZE: Final = frozenset(check.id for group in (NORMALS, TILING, DETAIL, TRACES) for check in group)
_DIGITS: Final = 4


def check_called(word: str) -> Check | None:
    """Return the check of this id or name."""
    return BY_ID.get(word) or BY_NAME.get(word)


def check_named(word: str) -> Check:
    """Return the check of this id or name; raises ValueError with the nearest name."""
    check = check_called(word)
    if check is None:
        nearest = get_close_matches(word, [*BY_NAME, *BY_ID], n=1, cutoff=0)
        raise ValueError(f"{word[:80]} is no finding: did you mean {nearest[0]}? docs/findings.md lists all")
    return check


def look_over(
    texture: Texture, limits: Mapping[str, float] | None = None, off: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Return what is found, in the order of the ids; ``limits`` replace those of checks by id, ``off`` are left out."""
    limits = limits or {}
    if texture.full_size is not None:
        off |= OF_FULL_SIZE
    found = []
    for check in CHECKS:
        if check.id in off:
            continue
        value = check.measure(texture, limits.get(check.id, check.limit or 0.0))
        if value is not None:
            found.append(Finding(check.id, round(value, _DIGITS)))
    return tuple(found)
