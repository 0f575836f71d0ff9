"""`aegis topics`: the Kafka topics of this deployment."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from producer_tools.topics import TopicReport, TopicsError, TopicState, apply_topics, list_topics
from schemas.connections import KafkaConnection, TopicSettings

_COLOURS = {
    TopicState.CREATED: "green",
    TopicState.PRESENT: "green",
    TopicState.DIFFERENT: "yellow",
    TopicState.MISSING: "red",
}


@click.group("topics")
def command() -> None:
    """Create and list the Kafka topics.

    AEGIS_TOPIC_PREFIX, AEGIS_TOPIC_PARTITIONS and AEGIS_TOPIC_REPLICATION_FACTOR say which and how.
    """


@command.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for machines.")
def apply(as_json: bool) -> None:
    """Create the topics that are missing; those that are there are never changed."""
    settings = TopicSettings()
    specs = settings.topics.specs(settings.partitions)
    reports = _run(apply_topics(KafkaConnection(), specs, replication_factor=settings.replication_factor))
    _show(reports, as_json)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for machines.")
def ls(as_json: bool) -> None:
    """List the topics and where they differ from what this program would create; exit 1 when one is missing."""
    settings = TopicSettings()
    reports = _run(list_topics(KafkaConnection(), settings.topics.specs(settings.partitions)))
    _show(reports, as_json)
    if any(report.state is TopicState.MISSING for report in reports):
        raise click.ClickException("topics are missing: run: aegis topics apply")


def _show(reports: list[TopicReport], as_json: bool) -> None:
    if as_json:
        for report in reports:
            click.echo(json.dumps(_as_json(report)))
        return
    table = Table(box=None, header_style="dim")
    for column in ("topic", "state", "partitions", "replicas", "cleanup", "holds"):
        table.add_column(column)
    for report in reports:
        state = f"[{_COLOURS[report.state]}]{report.state}[/]"
        spec = report.spec
        cleanup = spec.config.get("cleanup.policy", "")
        holds = "; ".join(report.differences) or spec.description
        table.add_row(spec.name, state, str(report.partitions), str(report.replication), cleanup, holds)
    Console().print(table)


def _as_json(report: TopicReport) -> dict[str, object]:
    return {
        "topic": report.spec.name,
        "state": report.state,
        "partitions": report.partitions,
        "replication_factor": report.replication,
        "differences": report.differences,
    }


def _run(work: Coroutine[Any, Any, list[TopicReport]]) -> list[TopicReport]:
    # What it logs comes again as our one sentence.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    try:
        return asyncio.run(work)
    except TopicsError as error:
        raise click.ClickException(str(error)) from error
