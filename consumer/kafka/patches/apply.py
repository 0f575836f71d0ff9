"""What of aiokafka this room changes or reaches into, behind a guard that knows which versions have it.

The guard looks for each private name before anything is patched, so that another version fails with one sentence at
start instead of in the middle of an outage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import version
from inspect import unwrap
from operator import attrgetter
from types import CodeType
from typing import Any, Final

from consumer.kafka.diagnosis import tell_why
from consumer.kafka.errors import know_all_errors
from consumer.kafka.patches.commits import fail_unseen_where_nobody_waits
from consumer.kafka.patches.compression import compress_quickly
from consumer.kafka.patches.connections import close_every_connection
from consumer.kafka.patches.corrupt_batches import lose_no_neighbours
from consumer.kafka.patches.header_names import read_any_header_name
from consumer.kafka.tokens import notice_refused_tokens

# Those that pyproject.toml allows; every test of consumer/kafka has passed with each.
KNOWN_VERSIONS: Final = ("0.14.0",)

# By module: what must be there, and behind an arrow the attributes that its code sets or calls.
_PRIVATE_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "aiokafka.consumer.consumer": (
        "AIOKafkaConsumer.__init__->_client",
        "AIOKafkaConsumer.start->_coordinator,_fetcher",
    ),
    "aiokafka.consumer.fetcher": (
        "MemoryRecords",
        "Fetcher.__init__->_fetch_task,_pending_tasks,_records",
        "Fetcher.fetched_records->FetchResult,_records,_notify,_wait_consume_future,getall,has_more",
        "FetchResult.getall->_topic_partition,_partition_records,_update_position,check_assignment,has_more",
        "PartitionRecords.__init__->next_fetch_offset",
    ),
    "aiokafka.consumer.group_coordinator": (
        "GroupCoordinator.__init__->_coordination_task,_heartbeat_task,_commit_refresh_task,member_id",
        "GroupCoordinator.fetch_committed_offsets",
        "GroupCoordinator.commit_offsets->_do_commit_offsets,shield",
        "GroupCoordinator._do_commit_offsets",
    ),
    "aiokafka.client": (
        "AIOKafkaClient._wait_on_metadata",
        "AIOKafkaClient.__init__->cluster,_md_update_fut,_client_id,_security_protocol,_ssl_context",
        "AIOKafkaClient.__init__->_sasl_mechanism,_sasl_plain_username,_sasl_plain_password,_sasl_oauth_token_provider",
        "create_conn",
        "AIOKafkaClient.bootstrap",
        "AIOKafkaClient._get_conn->create_conn,_on_connection_closed",
        "AIOKafkaClient.close",
        "AIOKafkaClient.hosts",
    ),
    "aiokafka.errors": ("kafka_errors",),
    "aiokafka.conn": ("AIOKafkaConnection.close", "OAuthAuthenticator.step", "create_conn"),
    "aiokafka.cluster": ("ClusterMetadata.__init__->controller",),
    "aiokafka.admin.client": ("AIOKafkaAdminClient.__init__->_client",),
    "aiokafka.producer.producer": ("AIOKafkaProducer.__init__->_closed,_sender,_message_accumulator",),
    "aiokafka.producer.sender": ("Sender.sender_task",),
    "aiokafka.producer.message_accumulator": (
        "MessageAccumulator.__init__->_batches,_pending_batches",
        "MessageAccumulator.fail_all",
        "MessageBatch.__init__->_drain_waiter",
    ),
    "aiokafka.record.default_records": ("lz4_encode", "_DefaultRecordBatchPy.__init__->_buffer"),
    "aiokafka.record._crecords.default_records": ("lz4_encode",),
    "aiokafka.record.memory_records": ("_MemoryRecordsPy.next_batch->_next_slice",),
}


class UnknownAiokafkaError(ImportError):
    """The installed aiokafka is not one that this version was tested with."""


def apply_patches() -> None:
    """Check aiokafka, and change what this room changes of it, for all clients of this process.

    Raises:
        UnknownAiokafkaError: another version is installed, or one without the names that are needed.

    """
    check_aiokafka(version("aiokafka"))
    read_any_header_name()
    lose_no_neighbours()
    compress_quickly()
    notice_refused_tokens()
    tell_why()
    close_every_connection()
    fail_unseen_where_nobody_waits()
    know_all_errors()


def check_aiokafka(installed: str, needed: Mapping[str, tuple[str, ...]] = _PRIVATE_NAMES) -> None:
    """Raise UnknownAiokafkaError unless this version is known and has every private name that is needed."""
    missing = list(_missing(needed))
    if installed in KNOWN_VERSIONS and not missing:
        return
    lacks = f", and it lacks {', '.join(missing)}" if missing else ""
    raise UnknownAiokafkaError(
        f"aiokafka {installed} is installed, but this version of Aegis Tagger is tested with "
        f"{', '.join(KNOWN_VERSIONS)} alone{lacks}: pip install aiokafka=={KNOWN_VERSIONS[-1]}"
    )


def _missing(needed: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for module_name, names in needed.items():
        try:
            module = import_module(module_name)
        except ImportError:
            yield module_name
            continue
        for name in names:
            path, _, attributes = name.partition("->")
            try:
                target = attrgetter(path)(module)
            except AttributeError:
                yield f"{module_name}.{path}"
                continue
            if attributes:
                unused = set(attributes.split(",")) - _names_in(target)
                yield from (f"{module_name}.{path}: {item}" for item in sorted(unused))


def _names_in(function: Any) -> frozenset[str]:
    """Return the attributes and globals that a function's code names; of compiled code none are known."""
    # One that this room has replaced already keeps the one that it replaces.
    code: CodeType = unwrap(function).__code__
    return frozenset(code.co_names)
