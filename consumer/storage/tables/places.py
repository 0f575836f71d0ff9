"""The order of an asset's events and removals in SQL, by their places on asset-extracted."""

from __future__ import annotations

from typing import Final


def behind(later: str, earlier: str) -> str:
    """Return the condition that one table's row lies behind another's; false where the two cannot be compared."""
    return (
        f"coalesce({later}.source_partition = {earlier}.source_partition "
        f"AND {later}.source_offset > {earlier}.source_offset, false)"
    )


# Of two removals of an asset the later time, and the later place.
_KEPT: Final = f"EXCLUDED.source_partition IS NULL OR {behind('removed', 'EXCLUDED')}"
JOINED_REMOVALS: Final = f"""
removed_at = greatest(removed.removed_at, EXCLUDED.removed_at),
source_partition = CASE WHEN {_KEPT} THEN removed.source_partition ELSE EXCLUDED.source_partition END,
source_offset = CASE WHEN {_KEPT} THEN removed.source_offset ELSE EXCLUDED.source_offset END
"""
