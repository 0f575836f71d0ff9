"""`aegis model calibrate --verdicts`: what people said is gathered, teaches a bundle, and what it taught is told."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from aegis.shared.bundles import opened, own_folder, silence, told
from aegis.shared.corpus_runs import run_until_signal
from aegis.shared.errors import UserError
from aegis.shared.output import print_table
from aegis.shared.tables import read
from aegis.views.progress import RunView
from consumer.kafka.topics import TopicsError
from consumer.replay.lessons import Lessons, read_lessons
from consumer.settings import ModelSettings
from consumer.storage.tables.verdict_reads import standing_words
from consumer.tagging.bundle.bundle import Bundle
from export.teaching.teach import LEAST_ASSETS, NothingTaughtError, Teaching, forget, teach_bundle
from schemas.connections import KafkaConnection, TopicSettings


def teach_verdicts(place: str, json_path: Path | None) -> None:
    """Teach the bundle in a folder by all verdicts that hold, and show what that brings; raises ClickException."""
    with told():
        bundle = opened(str(own_folder(place)))
        lessons = _lessons(bundle)
        _tell_left_out(lessons)
        try:
            teaching = teach_bundle(bundle, lessons.lessons)
        except NothingTaughtError as error:
            raise click.ClickException(str(error)) from error
        still_silent = silence(opened(place))
    document = _document(teaching)
    if json_path == Path("-"):
        click.echo(document)
        return
    if json_path is not None:
        json_path.write_text(document + "\n", encoding="utf-8")
    _show(teaching)
    click.echo(
        f"{place} has learned it: aegis compare --model {place} shows what changes, AEGIS_MODEL_BUNDLE={place} aegis "
        f"retag applies it, and --forget-verdicts takes it back",
        err=True,
    )
    if still_silent:
        click.echo(still_silent, err=True)


def forget_verdicts(place: str) -> None:
    """Make the bundle in a folder what it was before verdicts taught it."""
    with told():
        found = forget(own_folder(place))
    click.echo(f"{place}: {'what verdicts taught is forgotten' if found else 'verdicts had taught it nothing'}")


def _lessons(bundle: Bundle) -> Lessons:
    words = read(standing_words)
    if not words:
        raise click.ClickException("nobody has said anything of any tag: aegis verdict and the page take verdicts")
    topic, use_names = TopicSettings().topics.tagged, ModelSettings().use_names
    try:
        with RunView("reading") as view:
            return run_until_signal(
                lambda _: read_lessons(KafkaConnection(), topic, bundle, words, view.reading, use_names=use_names)
            )
    except TopicsError as error:
        raise UserError(str(error)) from error


def _tell_left_out(lessons: Lessons) -> None:
    if lessons.absent:
        click.echo(f"{lessons.absent} reviewed assets are not on asset-tagged now, and teach nothing", err=True)
    if lessons.others:
        click.echo(
            f"{lessons.others} reviewed assets were tagged by another model, and teach nothing: aegis replay tags them "
            "with this one",
            err=True,
        )


def _document(teaching: Teaching) -> str:
    categories = {category: asdict(lesson) for category, lesson in teaching.categories.items()}
    taught = teaching.taught.model_dump(include={"verdicts", "assets", "gain"})
    return json.dumps({**taught, "categories": categories, "few": teaching.few}, indent=2)


def _show(teaching: Teaching) -> None:
    print_table(
        ("category", "assets", "learned", "loss", "after", "top1", "after"),
        [
            (
                category,
                str(lesson.assets),
                "yes" if lesson.taught else "no: it predicts assets left out no better",
                f"{lesson.loss_before:.3f}",
                f"{lesson.loss_after:.3f}",
                _share(lesson.top1_before),
                _share(lesson.top1_after),
            )
            for category, lesson in teaching.categories.items()
        ]
        + [
            (
                category,
                str(count),
                f"no: it needs {LEAST_ASSETS} reviewed assets of different images",
                "-",
                "-",
                "-",
                "-",
            )
            for category, count in teaching.few.items()
        ],
        right={"assets", "loss", "top1", "after"},
        fold={"learned"},
    )
    click.echo(teaching.taught.sentence)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
