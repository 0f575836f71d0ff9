"""What another model or vocabulary would change, as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from consumer.imaging.decode import decode
from consumer.imaging.picture import ImageLimits
from consumer.tagging.scoring.changes import Change, by_tag, share_between
from export.reports.pages import page, thumbnail


@dataclass(frozen=True, slots=True)
class Compared:
    """A sample of ``of`` assets, tagged by ``before`` and by ``after``; ``largest`` comes with the images' bytes."""

    before: str
    after: str
    of: int
    changes: Sequence[Change]
    unreadable: Sequence[str]
    largest: Sequence[tuple[Change, bytes]]


def summary(found: Compared) -> str:
    """Return in a sentence how much changes, and how far the sample can be trusted."""
    sampled, changed = len(found.changes), sum(change.is_one for change in found.changes)
    if not sampled:
        return "no asset of the sample could be read"
    low, high = share_between(changed, sampled)
    whole = "" if sampled == found.of else f"; of all {found.of} between {low:.0%} and {high:.0%}, at 95% confidence"
    gain, lose = (sum(bool(getattr(one, part)) for one in found.changes) for part in ("gained", "lost"))
    return (
        f"{changed} of {sampled} assets change ({changed / sampled:.0%}{whole}): {gain} gain a tag, {lose} lose one, "
        f"{sum(bool(one.gained and one.lost) for one in found.changes)} of them both"
    )


def write_comparison(found: Compared, target: Path, limits: ImageLimits) -> None:
    """Write the page; raises OSError."""
    rows = [
        (one.tag, one.category, str(one.before), str(one.after), _signed(one.gained), _signed(-one.lost))
        for one in by_tag(found.changes)
    ]
    changes = [(change, thumbnail(Image.fromarray(decode(data, limits).pixels))) for change, data in found.largest]
    text = page(
        "comparison.html",
        f"What {found.after} would change",
        summary=summary(found),
        found=found,
        changes=changes,
        rows=rows,
    )
    target.write_text(text, encoding="utf-8")


def _signed(count: int) -> str:
    return f"{count:+d}" if count else ""
