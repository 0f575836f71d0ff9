"""A mutant: which text of which module is replaced."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """``old`` stands exactly once in the module's source; ``name`` says what is wrong with ``new``."""

    name: str
    module: str
    old: str
    new: str
