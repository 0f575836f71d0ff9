"""`aegis topics`: the Kafka topics of this deployment."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import click

from aegis.shared.output import print_json_lines, print_table
from aegis.shared.verb import VerbGroup, json_lines

if TYPE_CHECKING:
    from consumer.kafka.topics import TopicReport

FIELDS = ("topic", "state", "partitions", "replication_factor", "differences")
_COLOURS = {"created": "green", "present": "green", "different": "yellow", "missing": "red"}


@click.group("topics", cls=VerbGroup)
def command() -> None:
    """Create and list the Kafka topics.

    AEGIS_TOPIC_PREFIX, AEGIS_TOPIC_PARTITIONS and AEGIS_TOPIC_REPLICATION_FACTOR set their names and sizes.
    """


@command.command(examples=("aegis topics apply",))
@json_lines(FIELDS)
def apply(as_json: bool) -> None:
    """Create the topics that are missing; existing ones are never changed."""
    from consumer.kafka.topics import apply_topics
    from schemas.connections import KafkaConnection, TopicSettings

    settings = TopicSettings()
    specs = settings.topics.specs(settings.partitions)
    reports = _run(apply_topics(KafkaConnection(), specs, replication_factor=settings.replication_factor))
    _show(reports, as_json)


@command.command(examples=("aegis topics ls", "aegis topics ls --json | jq -r 'select(.state != \"present\")'"))
@json_lines(FIELDS)
def ls(as_json: bool) -> None:
    """List the topics, and how they differ from what this program would create; exit 1 if one is missing."""
    from consumer.kafka.errors import HIDDEN_TOPIC
    from consumer.kafka.topics import TopicState, list_topics
    from schemas.connections import KafkaConnection, TopicSettings

    settings = TopicSettings()
    reports = _run(
        list_topics(
            KafkaConnection(),
            settings.topics.specs(settings.partitions),
            replication_factor=settings.replication_factor,
        )
    )
    _show(reports, as_json)
    if any(report.state is TopicState.MISSING for report in reports):
        raise click.ClickException(f"topics are missing: run: aegis topics apply; {HIDDEN_TOPIC}")


def _show(reports: list[TopicReport], as_json: bool) -> None:
    if as_json:
        print_json_lines(map(_as_json, reports))
        return
    print_table(
        ("topic", "state", "partitions", "replicas", "cleanup", "holds"),
        (
            (
                report.spec.name,
                f"[{_COLOURS[report.state]}]{report.state}[/]",
                str(report.partitions),
                str(report.replication),
                report.spec.config.get("cleanup.policy", ""),
                "; ".join(report.differences) or report.spec.description,
            )
            for report in reports
        ),
        fold={"holds"},
    )


def _as_json(report: TopicReport) -> dict[str, object]:
    return {
        "topic": report.spec.name,
        "state": report.state,
        "partitions": report.partitions,
        "replication_factor": report.replication,
        "differences": report.differences,
    }


def _run(work: Coroutine[Any, Any, list[TopicReport]]) -> list[TopicReport]:
    import asyncio
    import logging

    from aegis.shared.kafka_errors import kafka_error
    from consumer.kafka.topics import TopicsError

    # What it logs comes again as our one sentence.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    try:
        return asyncio.run(work)
    except TopicsError as error:
        raise kafka_error(error) from error
