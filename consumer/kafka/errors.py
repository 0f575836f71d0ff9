"""Errors of Kafka's that change what its callers do next."""

from __future__ import annotations

from typing import Final

from aiokafka import errors


class _Told:
    """An error whose text is a clause for a person, without its class's name before it."""

    args: tuple[object, ...]

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else type(self).__name__


class UnreachableError(_Told, errors.KafkaConnectionError):  # type: ignore[misc]  # aiokafka is untyped
    """No broker answers now; that may pass."""


class AccessRefusedError(_Told, errors.AuthenticationFailedError):  # type: ignore[misc]  # as above
    """We do not get in as we are configured; the text says which setting to change."""


class TopicUnusableError(_Told, errors.KafkaError):  # type: ignore[misc]  # as above
    """A topic takes no records now; the text says which and why."""


class WriteRefusedError(_Told, errors.TopicAuthorizationFailedError):  # type: ignore[misc]  # as above
    """We may not write to a topic; the text names it and the right that is missing."""


class FencedInstanceIdError(errors.BrokerResponseError):  # type: ignore[misc]  # as above
    """Another member of the group goes by our name; aiokafka knows no such code, and would call it unknown."""

    errno = 82
    message = "FENCED_INSTANCE_ID"


class UnreadableBatchError(_Told, errors.CorruptRecordException):  # type: ignore[misc]  # as above
    """The bytes of a batch are damaged, and no record of its partition is read beyond it; the text names it."""

    def __init__(self, topic: str, partition: int, offset: int, why: BaseException) -> None:
        super().__init__(f"the batch of {topic}[{partition}] at offset {offset} cannot be read ({explained(why)})")
        self.topic = topic
        self.partition = partition
        self.offset = offset


class InvalidRecordError(errors.BrokerResponseError):  # type: ignore[misc]  # as above
    """The topic does not take the record as it is (e.g. without a key where it is compacted); as above."""

    errno = 87
    message = "INVALID_RECORD"


def know_all_errors() -> None:
    """Let aiokafka name the errors that it does not know."""
    for kind in (FencedInstanceIdError, InvalidRecordError):
        errors.kafka_errors[kind.errno] = kind


def is_fenced(error: BaseException) -> bool:
    """Whether another member of the group goes by our name; joining, aiokafka keeps but the text of such an error."""
    return isinstance(error, FencedInstanceIdError) or FencedInstanceIdError.__name__ in str(error)


# A record is larger than its topic takes: sending it again cannot help.
TOO_LARGE_ERRORS: Final = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)

# The topic takes others, and not this record.
RECORD_REFUSALS: Final = (*TOO_LARGE_ERRORS, errors.InvalidTimestampError, InvalidRecordError)

# No waiting heals these: somebody must change the configuration.
FATAL_ERRORS: Final = (
    errors.AuthenticationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.TopicAuthorizationFailedError,
    errors.UnsupportedCodecError,
)

# Brokers hide a topic from a user who has no right to it at all.
HIDDEN_TOPIC: Final = "if it is there, our user may not see it: docs/access.md"

# What aiokafka puts before the name of a group.
_COORDINATOR: Final = "Unable to get coordinator id for "


def missing_topic(topic: str) -> str:
    """Return the sentence for a topic that is not there, or that we may not see."""
    return f"there is no topic {topic}: run: aegis topics apply; {HIDDEN_TOPIC}"


def refusal(error: BaseException) -> str | None:
    """Return what must be changed where the brokers refuse us, as a clause; None for any other error."""
    subject = _named(error)
    match error:
        case AccessRefusedError() | WriteRefusedError():
            return str(error)
        case errors.TopicAuthorizationFailedError():
            return (
                f"our user may not read {subject or 'a topic'}: grant it Read, which brings Describe (docs/access.md)"
            )
        case errors.GroupAuthorizationFailedError():
            return f"our user may not use consumer group {subject}: grant it Read on the group (docs/access.md)"
        case errors.ClusterAuthorizationFailedError():
            return "our user may not do this to the cluster: grant it what docs/access.md lists for it"
    return f"{type(error).__name__}: {error}" if isinstance(error, FATAL_ERRORS) else None


def explained(error: BaseException) -> str:
    """Return an error of Kafka's, or of reaching it, as a clause."""
    return refusal(error) or str(error) or type(error).__name__


def write_refused(error: BaseException, topic: str) -> WriteRefusedError | None:
    """Return what a refusal to write says to a person, None for any other error."""
    if isinstance(error, WriteRefusedError):
        return error
    if isinstance(error, (errors.TopicAuthorizationFailedError, errors.ClusterAuthorizationFailedError)):
        return WriteRefusedError(
            f"our user may not write to topic {_named(error) or topic}: grant it Write, which brings Describe "
            "(docs/access.md)"
        )
    return None


def _named(error: BaseException) -> str:
    """Return the topics or the group that the error carries."""
    subject = error.args[0] if error.args else ""
    if isinstance(subject, (set, frozenset, list, tuple)):
        return ", ".join(sorted(map(str, subject)))
    return str(subject).removeprefix(_COORDINATOR)
