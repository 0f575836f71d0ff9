"""How a verb ends where Kafka does not let it work."""

from __future__ import annotations

import logging

import click
import structlog

from aegis.shared.errors import UserError
from consumer.kafka.errors import refusal


def silence_clients() -> None:
    """Keep what Kafka's clients log from standard output and error: the command tells it in one sentence of its own."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def kafka_error(error: Exception, text: str = "") -> click.ClickException:
    """Return what ends the command: with 2 where the brokers refuse us, which waiting does not heal, else with 1."""
    refused = any(cause is not None and refusal(cause) for cause in (error, error.__cause__))
    return (UserError if refused else click.ClickException)(text or str(error))
