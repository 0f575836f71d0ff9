"""What the demo shows: bars while it works, a table, and what to try next."""

from __future__ import annotations

import shlex
import shutil
from collections import Counter
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import SpinnerColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from aegis.shared.output import print_table
from aegis.shared.tables import colour, shown
from aegis.views.bars import Bars
from producer_tools.delivery.deliver import Delivered, State
from producer_tools.extraction.extract import Extracted, ExtractedTexture
from producer_tools.following.tag_watch import TaggingFailed, TagsCame
from producer_tools.run import RunReport
from schemas import AssetTagged
from schemas.tagged import READING_ORDER

_TAGS_SHOWN: Final = 4
_FINDINGS_SHOWN: Final = 5
ROWS_SHOWN: Final = 60
# One tag of each, as far as there is room; what is certain of the surface is true of nearly every texture.
_SHOWN_CATEGORIES: Final = tuple(category for category in READING_ORDER if category != "surface")


class DemoView(Bars):
    """Three bars: extracted, tagged, stored."""

    def __init__(self, console: Console) -> None:
        super().__init__(
            console,
            SpinnerColumn(),
            description="{task.description:<10}",
            width=36,
            after=(TimeElapsedColumn(),),
        )
        self._extracted = self._bars.add_task("extracting", total=None)
        self._tagged = self._bars.add_task("tagging", total=None)
        self._stored = self._bars.add_task("storing", total=None)
        self._found = 0
        self._published = 0

    def progress(self, item: Extracted | Delivered | TagsCame | TaggingFailed) -> None:
        """Show one step of the extraction."""
        match item:
            case ExtractedTexture():
                self._found += 1
                self._bars.update(self._extracted, completed=self._found)
            case Delivered(state=State.PUBLISHED):
                self._published += 1
                self._bars.update(self._extracted, total=max(self._found, self._published))
                self._bars.update(self._tagged, total=self._published)
                self._bars.update(self._stored, total=self._published)
            case TagsCame() | TaggingFailed():
                self._bars.advance(self._tagged)

    def stored(self, count: int, total: int) -> None:
        self._bars.update(self._stored, completed=count, total=total)


def tag_table(report: RunReport, most_rows: int = ROWS_SHOWN) -> Table:
    """Return one line a texture: its size, its surest tags, and the milliseconds the tagger spent on it."""
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    table.add_column("texture", overflow="ellipsis", no_wrap=True, max_width=38)
    table.add_column("size", justify="right", no_wrap=True, min_width=9)
    table.add_column("tags and confidences", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("ms", justify="right", no_wrap=True, min_width=3)
    for texture in report.textures[:most_rows]:
        tags, spent = _result(report, texture)
        table.add_row(shown(_short(texture.asset_id)), f"{texture.width}x{texture.height}", tags, spent)
    hidden = len(report.textures) - most_rows
    if hidden > 0:
        table.add_row(f"[dim]… and {hidden} more[/]", "", "", "")
    return table


def print_tags(report: RunReport) -> None:
    """Print every texture on a line of its own, with its whole id."""
    print_table(
        ("texture", "size", "tags", "ms"),
        (
            (shown(texture.asset_id), f"{texture.width}x{texture.height}", *_result(report, texture))
            for texture in report.textures
        ),
    )


def _result(report: RunReport, texture: ExtractedTexture) -> tuple[Text, str]:
    result = report.tags.get(report.event_ids[texture.asset_id])
    if isinstance(result, TagsCame):
        return _best_tags(result.tagged), f"{_spent_ms(result.tagged):.0f}"
    if isinstance(result, TaggingFailed):
        return Text(result.reason, style="red"), ""
    return Text("not tagged in time", style="dim"), ""


def _short(asset_id: str) -> str:
    """Return the last folder and the name: what tells textures apart in a narrow table."""
    return "/".join(asset_id.split("/")[-2:])


def closing_line(report: RunReport, stored: int) -> str:
    tagged = sum(isinstance(item, TagsCame) for item in report.tags.values())
    failed = sum(isinstance(item, TaggingFailed) for item in report.tags.values())
    counts = f"extracted={len(report.textures)} tagged={tagged} stored={stored} dead_lettered={failed}"
    return f"[bold green]demo: {counts}[/]"


def findings_lines(report: RunReport) -> list[str]:
    """Return what is wrong with the textures, the most frequent first; no line where nothing was found."""
    tagged = [item.tagged for item in report.tags.values() if isinstance(item, TagsCame)]
    faults = Counter(found.name for event in tagged for found in event.findings or () if found.severity != "info")
    if not faults:
        return []
    most = faults.most_common(_FINDINGS_SHOWN)
    more = len(faults) - len(most)
    named = ", ".join(f"{name} {count}" for name, count in most) + (f", and {more} others" if more else "")
    return [
        f"[bold]Found wrong:[/] {named}",
        "  .venv/bin/aegis lint samples             [dim]# where, and what to do[/]",
    ]


def hints(asset_ids: list[str], page: str) -> list[str]:
    """Return what to try next, one command a line, ready to be copied."""
    return [
        f"[bold]Look at them:[/] {page}",
        "[bold]Try next:[/]",
        "  .venv/bin/aegis search --tag vehicle --min-confidence 0.4",
        f"  .venv/bin/aegis tags {escape(shlex.quote(asset_ids[0] if asset_ids else 'ASSET_ID'))}",
        '  eval "$(.venv/bin/aegis stack env)"      [dim]# the address of Kafka, for kcat[/]',
        f"  kcat -b $AEGIS_KAFKA_BOOTSTRAP -t asset-tagged -C -e -q | cut -c1-300{_kcat_hint()}",
        '  .venv/bin/aegis stack psql -c "select tag, count(*) from aegis.asset_tags group by 1 order by 2 desc"',
        "  .venv/bin/aegis stack down               [dim]# stops the services; reset removes every trace[/]",
    ]


def _kcat_hint() -> str:
    return "" if shutil.which("kcat") else "   [dim]# apt-get install kcat, or brew install kcat[/]"


def _best_tags(tagged: AssetTagged) -> Text:
    best = [next((tag for tag in tagged.tags if tag.category == category), None) for category in _SHOWN_CATEGORIES]
    line = Text()
    for tag in [tag for tag in best if tag is not None][:_TAGS_SHOWN]:
        if line:
            line.append("  ")
        line.append(tag.tag).append(f" {tag.confidence:.2f}", style=colour(tag.confidence))
    return line or Text("nothing sure enough", style="dim")


def _spent_ms(tagged: AssetTagged) -> float:
    spent = tagged.timings_ms
    return spent.fetch + spent.decode + spent.embed + spent.score
