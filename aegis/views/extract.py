"""What `aegis extract` shows: a bar while it works, a summary, and a sentence for all that went otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import click
from rich.markup import escape
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from aegis.shared.output import is_terminal, print_table, print_text
from aegis.shared.tables import shown
from aegis.views.bars import Bars
from aegis.views.changes import changes_json
from producer_tools.delivery.deliver import Delivered, State
from producer_tools.extraction.extract import Extracted, ExtractedTexture, Skipped
from producer_tools.following.tag_watch import TaggingFailed, TagsCame
from producer_tools.git.run import ChangeReport
from producer_tools.run import TAGS_FILE, ExtractRequest, RunReport, report_json
from schemas.tagged import in_reading_order

_REASONS_SHOWN: Final = 20
_TAGGED_SHOWN: Final = 30
_TAGS_SHOWN: Final = 4
_KINDS_SHOWN: Final = 8


class ExtractView(Bars):
    """Progress on stderr, the summary on stdout."""

    def __init__(self, *, silent: bool, expects_tags: bool) -> None:
        current = TextColumn("{task.fields[current]}", style="dim")
        super().__init__(None, SpinnerColumn(), after=(current, TimeElapsedColumn()), disable=silent)
        self._extracted = self._bars.add_task("extracting", total=None, current="")
        self._tagged = self._bars.add_task("tagging", total=None, current="", visible=expects_tags)
        self._found = 0
        self._published = 0

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
            _print_tags(report)
        counts = [f"extracted {len(report.textures)}"]
        if request.ai_tagging:
            counts += [f"{state.value} {report.count(state)}" for state in State if report.count(state)]
        if report.tags:
            counts.append(f"tagged {sum(isinstance(item, TagsCame) for item in report.tags.values())}")
        if report.skipped:
            counts.append(f"skipped {len(report.skipped)}")
        print_text(f"[bold]{' · '.join(counts)}[/]  {escape(str(request.output))}")
        if report.unrelated:
            print_text(f"[dim]{escape(_others(report))}[/]")


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
        first, then = ("Error: ", "mend it, then the next extract") if report.is_refusal else ("", "the next extract")
        yield (
            f"{first}{report.failure}: {spooled} of {len(report.ends)} events wait in the spool; {then} sends them, "
            "and so does `aegis publish --spool`."
        )
    if lost:
        reason = next(end.reason for end in report.ends.values() if end.state is State.LOST)
        yield f"Error: {lost} events were neither published nor kept: {reason}."
    yield from (f"Error: {end.reason}." for end in report.ends.values() if end.state is State.REFUSED)
    if report.unwatched is not None:
        yield f"Error: {report.unwatched}."
    elif request.wait_seconds is not None and report.untagged > 0:
        yield (
            f"{report.untagged} of {report.count(State.PUBLISHED)} published textures were not tagged within "
            f"{request.wait_seconds:g} s; they will be when a tagger gets to them. {TAGS_FILE} holds what came."
        )
    yield from (f"Error: {item.sentence}" for item in report.refused)


def print_json(report: RunReport, request: ExtractRequest, changes: ChangeReport | None) -> None:
    told = {} if changes is None else {"git": changes_json(changes)}
    click.echo(json.dumps({**report_json(report, request.output), **told}, indent=2, ensure_ascii=False))


def _others(report: RunReport) -> str:
    kinds = [f"{count} {kind}" for kind, count in report.unrelated.most_common(_KINDS_SHOWN)]
    kinds += ["…"] if len(report.unrelated) > _KINDS_SHOWN else []
    return f"passed over {report.unrelated.total()} other files, which hold no textures: {', '.join(kinds)}"


def _about_spool(report: RunReport) -> Iterator[str]:
    assert report.drained is not None
    if report.drained.sent:
        yield f"sent {report.drained.sent} events that waited in the spool"
    for file, reason in report.drained.rejected:
        yield f"a spooled event cannot be sent and was put aside as {file}: {reason}"


def _skipped(item: Skipped) -> str:
    return f"skipped {item.what}: {item.reason}"


def _print_tags(report: RunReport) -> None:
    # A person reads the first of many; a program reads all.
    textures = report.textures[:_TAGGED_SHOWN] if is_terminal() else report.textures
    print_table(
        ("texture", "size", "tags"),
        (
            (shown(texture.asset_id), f"{texture.width}x{texture.height}", _tags(report, texture))
            for texture in textures
        ),
        right={"size"},
        fold={"texture", "tags"},
    )
    if len(textures) < len(report.textures):
        print_text(f"[dim]… {len(report.textures) - len(textures)} more in {TAGS_FILE}[/]")


def _tags(report: RunReport, texture: ExtractedTexture) -> str:
    match report.tags.get(report.event_ids[texture.asset_id]):
        case TagsCame(tagged=tagged):
            return "  ".join(
                f"{escape(tag.tag)} [dim]{tag.confidence:.2f}[/]" for tag in in_reading_order(tagged.tags)[:_TAGS_SHOWN]
            )
        case TaggingFailed(reason=reason):
            return f"[red]{escape(reason)}[/]"
    return "[dim]not yet[/]"
