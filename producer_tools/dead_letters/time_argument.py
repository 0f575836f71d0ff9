"""Moments as people write them: ``2h`` ago, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"(\d{1,9})\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_moment(text: str, now: datetime) -> datetime:
    """Read ``30m``, ``2h`` or ``3d`` as so long before now, and anything else as ISO 8601 (UTC without an offset).

    Raises:
        ValueError: it is neither, or before the year 1.

    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no moment: write e.g. 2h, 30m, 3d, 2026-01-31 or 2026-01-31T12:00") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
