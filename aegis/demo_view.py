"""What the demo shows: bars while it works, a table, and what to try next."""

from __future__ import annotations

import shlex
import shutil
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from aegis.reading import colour, shown
from producer_tools.delivery import Delivered, State
from producer_tools.extraction import Extracted, ExtractedTexture
from producer_tools.run import RunReport
from producer_tools.tag_watch import TaggingFailed, TagsCame
from schemas import AssetTagged

_TAGS_SHOWN: Final = 4
ROWS_SHOWN: Final = 60
# Tags of these categories answer "what is it?", which a person asks first.
_FIRST: Final = ("object_types", "texture_roles", "color_palettes", "art_styles", "materials")


class DemoView:
    """Three bars: extracted, tagged, stored."""

    def __init__(self, console: Console) -> None:
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=36),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._extracted = self._bars.add_task("extracting", total=None)
        self._tagged = self._bars.add_task("tagging", total=None)
        self._stored = self._bars.add_task("storing", total=None)
        self._found = 0
        self._published = 0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

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
        result = report.tags.get(report.event_ids[texture.asset_id])
        tags, spent = Text("not tagged in time", style="dim"), ""
        if isinstance(result, TagsCame):
            tags, spent = _best_tags(result.tagged), f"{_spent_ms(result.tagged):.0f}"
        elif isinstance(result, TaggingFailed):
            tags = Text(result.reason, style="red")
        table.add_row(shown(_short(texture.asset_id)), f"{texture.width}x{texture.height}", tags, spent)
    hidden = len(report.textures) - most_rows
    if hidden > 0:
        table.add_row(f"[dim]… and {hidden} more[/]", "", "", "")
    return table


def _short(asset_id: str) -> str:
    """Return the last folder and the name: what tells textures apart in a narrow table."""
    return "/".join(asset_id.split("/")[-2:])


def closing_line(report: RunReport, stored: int) -> str:
    tagged = sum(isinstance(item, TagsCame) for item in report.tags.values())
    failed = sum(isinstance(item, TaggingFailed) for item in report.tags.values())
    counts = f"extracted={len(report.textures)} tagged={tagged} stored={stored} dead_lettered={failed}"
    return f"[bold green]demo: {counts}[/]"


def hints(asset_ids: list[str]) -> list[str]:
    """Return what to try next, one command a line, ready to be copied."""
    return [
        "[bold]Try next:[/]",
        "  .venv/bin/aegis search --tag weapon --min-confidence 0.4",
        f"  .venv/bin/aegis tags {escape(shlex.quote(asset_ids[0] if asset_ids else 'ASSET_ID'))}",
        '  eval "$(.venv/bin/aegis stack env)"      [dim]# the address of Kafka, for kcat[/]',
        f"  kcat -b $AEGIS_KAFKA_BOOTSTRAP -t asset-tagged -C -e -q | cut -c1-300{_kcat_hint()}",
        '  .venv/bin/aegis stack psql -c "select tag, count(*) from aegis.asset_tags group by 1 order by 2 desc"',
        "  .venv/bin/aegis stack down               [dim]# stops the services; reset removes every trace[/]",
    ]


def _kcat_hint() -> str:
    return "" if shutil.which("kcat") else "   [dim]# apt-get install kcat, or brew install kcat[/]"


def _best_tags(tagged: AssetTagged) -> Text:
    ordered = sorted(
        tagged.tags, key=lambda tag: (_FIRST.index(tag.category) if tag.category in _FIRST else 9, -tag.confidence)
    )
    best = [next((tag for tag in ordered if tag.category == category), None) for category in _FIRST]
    line = Text()
    for tag in [tag for tag in best if tag is not None][:_TAGS_SHOWN]:
        if line:
            line.append("  ")
        line.append(tag.tag).append(f" {tag.confidence:.2f}", style=colour(tag.confidence))
    return line or Text("nothing sure enough", style="dim")


def _spent_ms(tagged: AssetTagged) -> float:
    spent = tagged.timings_ms
    return spent.fetch + spent.decode + spent.embed + spent.score
