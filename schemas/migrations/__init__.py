"""The tables of PostgreSQL as numbered migrations, run by Alembic: `versions/0001_….py` and so on, without branches.

A step is never changed once released; a change of the tables is a new step.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent


def revisions() -> tuple[str, ...]:
    """Return the revisions this version of the product knows, oldest first, e.g. ``("0001", "0002")``."""
    return tuple(sorted(path.name.split("_")[0] for path in (FOLDER / "versions").glob("[0-9]*_*.py")))


def latest() -> str:
    return revisions()[-1]
