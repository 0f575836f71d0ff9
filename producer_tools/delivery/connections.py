"""Where the services are, as far as it is known."""

from __future__ import annotations

import os

from producer_tools.run import Connections
from schemas.connections import KafkaConnection, ObjectStoreConnection, TopicSettings


def connections_from_environment() -> Connections:
    """Read `AEGIS_KAFKA_…`, `AEGIS_S3_…` and `AEGIS_TOPIC_…`.

    A service whose address is not set counts as one that is down, so that an extraction without services loses
    nothing. Raises pydantic's ValidationError for a variable that is set, but wrong.
    """
    kafka = KafkaConnection() if os.environ.get("AEGIS_KAFKA_BOOTSTRAP") else None
    store = ObjectStoreConnection() if os.environ.get("AEGIS_S3_ENDPOINT") else None
    return Connections(kafka, store, TopicSettings())
