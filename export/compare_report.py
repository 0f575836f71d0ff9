"""What another model or vocabulary would change, as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image

from consumer.tagging.changes import Change, by_tag, share_between
from consumer.tagging.decode import ImageLimits, decode
from export.pages import page, table, thumbnail
from schemas import Tag


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
    unreadable = (
        f"<details><summary>{len(found.unreadable)} assets could not be read</summary>"
        f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in found.unreadable)}</ul></details>"
        if found.unreadable
        else ""
    )
    body = f"""<p><strong>{escape(summary(found))}.</strong></p>
<p>Before: {escape(found.before)}<br>After: {escape(found.after)}</p>
<p class="dim">A tag counts where its confidence reaches its own threshold; nothing was published.</p>
<h2>The largest changes</h2><div class="sheet">{"".join(_changes(found.largest, limits)) or "Nothing changes."}</div>
<h2>Tag by tag</h2>{table(("tag", "category", "before", "after", "gained", "lost"), rows)}
{unreadable}
"""
    target.write_text(page(f"What {found.after} would change", body), encoding="utf-8")


def _changes(largest: Iterable[tuple[Change, bytes]], limits: ImageLimits) -> Iterable[str]:
    for change, data in largest:
        picture = thumbnail(Image.fromarray(decode(data, limits).pixels))
        gained = "".join(f'<span class="good">+ {_told(tag)}</span><br>' for tag in change.gained)
        lost = "".join(f'<span class="bad">− {_told(tag)}</span><br>' for tag in change.lost)  # noqa: RUF001 - a minus
        yield (
            f'<div><img alt="" src="{picture}"><p>{gained}{lost}'
            f'<span class="dim">{escape(change.asset_id)}</span></p></div>'
        )


def _told(tag: Tag) -> str:
    return f"{escape(tag.tag)} {tag.confidence:.2f}"


def _signed(count: int) -> str:
    return f"{count:+d}" if count else ""
