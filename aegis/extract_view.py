"""What `aegis extract` shows: a bar while it works, a summary, and a sentence for all that went otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from producer_tools.delivery import Delivered, State
from producer_tools.extraction import Extracted, ExtractedTexture, Skipped
from producer_tools.run import TAGS_FILE, ExtractRequest, RunReport, report_json
from producer_tools.tag_watch import TaggingFailed, TagsCame

_REASONS_SHOWN: Final = 20
_TAGGED_SHOWN: Final = 30
_TAGS_SHOWN: Final = 4


class ExtractView:
    """Progress on stderr, the summary on stdout."""

    def __init__(self, *, silent: bool, expects_tags: bool) -> None:
        self._out = Console(highlight=False)
        err = Console(stderr=True, highlight=False)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[current]}", style="dim"),
            TimeElapsedColumn(),
            console=err,
            transient=True,
            # Where nobody watches, a bar leaves nothing but an empty line.
            disable=silent or not err.is_terminal,
        )
        self._extracted = self._bars.add_task("extracting", total=None, current="")
        self._tagged = self._bars.add_task("tagging", total=None, current="", visible=expects_tags)
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
        """Show one step of the run."""
        match item:
            case ExtractedTexture(name=name):
                self._found += 1
                self._bars.update(self._extracted, completed=self._found, current=escape(name[:40]))
            case Delivered(state=State.PUBLISHED):
                self._published += 1
                self._bars.update(self._tagged, total=self._published)
            case TagsCame() | TaggingFailed():
                self._bars.advance(self._tagged)

    def summary(self, report: RunReport, request: ExtractRequest) -> None:
        """Print what came of the run."""
        if report.tags:
            self._out.print(_tag_table(report))
        counts = [f"extracted {len(report.textures)}"]
        if request.ai_tagging:
            counts += [f"{state.value} {report.count(state)}" for state in State if report.count(state)]
        if report.tags:
            counts.append(f"tagged {sum(isinstance(item, TagsCame) for item in report.tags.values())}")
        if report.skipped:
            counts.append(f"skipped {len(report.skipped)}")
        self._out.print(f"[bold]{' · '.join(counts)}[/]  {escape(str(request.output))}", soft_wrap=True)
        if report.unrelated_files:
            self._out.print(f"[dim]{report.unrelated_files} other files are neither textures nor archives[/]")


def sentences(report: RunReport, request: ExtractRequest) -> Iterator[str]:
    """Yield a sentence for everything that did not go the straight way."""
    shown = [item for item in report.skipped if not item.fatal]
    yield from (_skipped(item) for item in shown[:_REASONS_SHOWN])
    if len(shown) > _REASONS_SHOWN:
        yield f"skipped {len(shown) - _REASONS_SHOWN} more; --json lists them all"
    if report.drained is not None:
        yield from _about_spool(report)
    spooled, lost = report.count(State.SPOOLED), report.count(State.LOST)
    if spooled:
        yield (
            f"{report.outage}: {spooled} of {len(report.ends)} events wait in the spool; the next extract sends them, "
            "and so does `aegis publish --spool`."
        )
    if lost:
        reason = next(end.reason for end in report.ends.values() if end.state is State.LOST)
        yield f"Error: {lost} events were neither published nor kept: {reason}."
    if request.wait_seconds is not None and report.untagged > 0:
        yield (
            f"{report.untagged} of {report.count(State.PUBLISHED)} published textures were not tagged within "
            f"{request.wait_seconds:g} s; they will be when a tagger gets to them. {TAGS_FILE} holds what came."
        )
    yield from (f"Error: {item.sentence}" for item in report.refused)


def print_json(report: RunReport, request: ExtractRequest) -> None:
    click.echo(json.dumps(report_json(report, request.output), indent=2, ensure_ascii=False))


def _about_spool(report: RunReport) -> Iterator[str]:
    assert report.drained is not None
    if report.drained.sent:
        yield f"sent {report.drained.sent} events that waited in the spool"
    for file, reason in report.drained.rejected:
        yield f"a spooled event cannot be sent and was put aside as {file}: {reason}"


def _skipped(item: Skipped) -> str:
    return f"skipped {item.what}: {item.reason}"


def _tag_table(report: RunReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("texture", overflow="ellipsis", no_wrap=True, max_width=48)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("tags")
    for texture in report.textures[:_TAGGED_SHOWN]:
        result = report.tags.get(report.event_ids[texture.asset_id])
        match result:
            case TagsCame(tagged=tagged):
                text = "  ".join(f"{escape(tag.tag)} [dim]{tag.confidence:.2f}[/]" for tag in tagged.tags[:_TAGS_SHOWN])
            case TaggingFailed(reason=reason):
                text = f"[red]{escape(reason)}[/]"
            case None:
                text = "[dim]not yet[/]"
        table.add_row(escape(texture.asset_id), f"{texture.width}x{texture.height}", text)
    if len(report.textures) > _TAGGED_SHOWN:
        table.add_row(f"[dim]… {len(report.textures) - _TAGGED_SHOWN} more in {TAGS_FILE}[/]", "", "")
    return table
