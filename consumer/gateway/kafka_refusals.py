"""What Kafka does not take, as answers to clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import BrokerResponseError, InvalidTimestampError, KafkaError

from consumer.gateway.refusals import RefusedError, away
from consumer.kafka.errors import TOO_LARGE_ERRORS, refusal


@contextmanager
def kafka_refusals(what: str, too_large: str) -> Iterator[None]:
    """Raise RefusedError in place of aiokafka's errors.

    ``what``: the beginning of the sentence, e.g. "the image was tagged but not published". ``too_large``: the whole
    sentence for an event that is larger than Kafka takes.
    """
    try:
        yield
    except TOO_LARGE_ERRORS as error:
        raise RefusedError(413, too_large) from error
    except (KafkaError, OSError) as error:
        if (refused := _refused(error)) is not None:
            raise RefusedError(502, f"{what}: {refused}") from error
        raise away(f"{what}, because Kafka does not acknowledge it: send it again") from error


def _refused(error: BaseException) -> str | None:
    """Return why the brokers refuse the event however often it is sent, as a clause; None for an outage."""
    if isinstance(error, InvalidTimestampError):
        return "Kafka refuses the time of its event: set the clock of the gateway's machine"
    if (reason := refusal(error)) is not None:
        return f"Kafka refuses us: {reason}"
    if isinstance(error, BrokerResponseError) and not error.retriable:
        return f"Kafka refuses its event ({str(error.description).rstrip('.')})"
    return None
