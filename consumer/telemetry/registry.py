"""Every metric, declared once: name, kind, unit, labels, meaning, and what to do when it is bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]

# From 1 ms to a minute: a decode is some milliseconds, a wait behind a backlog may be long.
SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
SIZE_BUCKETS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric; ``action`` is what an operator does when it looks wrong."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    action: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = SECONDS_BUCKETS


RECORDS_RECEIVED = MetricSpec(
    "aegis_records_received_total", "counter", "records", "Records taken in from Kafka",
    "Zero while the lag grows: see the log for retries, a rebalance that does not end, or the breaker",
    ("topic",),
)  # fmt: skip
RECORDS_FINISHED = MetricSpec(
    "aegis_records_finished_total", "counter", "records", "Records whose outcome is durable, dead letters included",
    "Below the rate of intake for long: a dependency is slow; see aegis_stage_seconds", ("topic",),
)  # fmt: skip
RECORD_SECONDS = MetricSpec(
    "aegis_record_seconds", "histogram", "seconds", "From taking a record in to its durable outcome",
    "High: see aegis_stage_seconds for the stage that takes it", ("topic",),
)  # fmt: skip
STAGE_SECONDS = MetricSpec(
    "aegis_stage_seconds", "histogram", "seconds",
    "Time of one record in a stage (wait, fetch, decode, embed, score); wait is from publication to pick-up",
    "wait: add processes; fetch: look at the object store; decode, embed: add CPU", ("stage",),
)  # fmt: skip
RETRIES = MetricSpec(
    "aegis_retries_total", "counter", "attempts", "Attempts that failed and will be repeated",
    "Rising steadily: the named dependency is down; nothing is lost, work goes on when it is back",
    ("error_class", "stage"),
)  # fmt: skip
DEAD_LETTERS = MetricSpec(
    "aegis_dead_letters_total", "counter", "records", "Records given up into the dead-letter topic",
    "Look at their dlq- headers with kcat; mend the cause", ("error_class", "stage", "disposition"),
)  # fmt: skip
IN_FLIGHT = MetricSpec(
    "aegis_in_flight_records", "gauge", "records", "Records taken in and not finished",
    "At its limit while the rate is low: something downstream is slow or away",
)  # fmt: skip
IN_FLIGHT_BYTES = MetricSpec(
    "aegis_in_flight_bytes", "gauge", "bytes", "Bytes of the values of records in flight", "As aegis_in_flight_records",
)  # fmt: skip
OLDEST_IN_FLIGHT = MetricSpec(
    "aegis_oldest_in_flight_seconds", "gauge", "seconds", "Age of the oldest record in flight since it was taken in",
    "Growing without end: one record is stuck; the log names its topic, partition and offset with each retry",
)  # fmt: skip
COMMITTED = MetricSpec(
    "aegis_committed_offset", "gauge", "offset", "Next offset to read, as last committed",
    "Standing still under lag: see aegis_oldest_in_flight_seconds", ("topic", "partition"),
)  # fmt: skip
COMMIT_FAILURES = MetricSpec(
    "aegis_commit_failures_total", "counter", "commits", "Commits that the broker did not take",
    "A few at each rebalance are normal and cost only redelivery; many: look at the brokers", ("error_class",),
)  # fmt: skip
LAG_RECORDS = MetricSpec(
    "aegis_consumer_lag_records", "gauge", "records", "Records between what is finished and the end of a partition",
    "Growing: add processes, up to one for each partition", ("topic", "partition"),
)  # fmt: skip
LAG_SECONDS = MetricSpec(
    "aegis_consumer_lag_seconds", "gauge", "seconds", "Age of the oldest unfinished record since its publication",
    "As aegis_consumer_lag_records", ("topic", "partition"),
)  # fmt: skip
PARTITIONS = MetricSpec(
    "aegis_assigned_partitions", "gauge", "partitions", "Partitions that this process owns",
    "Zero on a process that is ready: there are more processes than partitions",
)  # fmt: skip
BREAKER_OPEN = MetricSpec(
    "aegis_breaker_open", "gauge", "0 or 1", "1 while intake is stopped because most records fail",
    "A systemic fault: look at the newest dead letters; it closes by itself once a record succeeds",
)  # fmt: skip
REBUILDS = MetricSpec(
    "aegis_consumer_rebuilds_total", "counter", "rebuilds",
    "Consumers replaced because they silently stopped delivering",
    "More than one a week: look at the network between here and the brokers",
)  # fmt: skip
BATCH_SIZE = MetricSpec(
    "aegis_inference_batch_size", "histogram", "images", "Images in one inference",
    "Always 1 under load: AEGIS_MODEL_MAX_BATCH or AEGIS_TAGGER_MAX_RECORDS_IN_FLIGHT is too small",
    buckets=SIZE_BUCKETS,
)  # fmt: skip
BATCH_SECONDS = MetricSpec(
    "aegis_inference_seconds", "histogram", "seconds", "Time of one inference of a whole batch",
    "Rising: the CPUs are shared with something else",
)  # fmt: skip
LOOP_LAG = MetricSpec(
    "aegis_event_loop_lag_seconds", "gauge", "seconds", "How late the event loop wakes up, worst of the last interval",
    "Above a second: heavy work runs on the loop; heartbeats are in danger. Report it as a defect",
)  # fmt: skip
MODEL_INFO = MetricSpec(
    "aegis_model_info", "gauge", "always 1", "The model and the taxonomy that tag",
    "Different between processes: a roll-out is under way, or stuck",
    ("model", "model_digest", "precision", "provider", "calibrated", "taxonomy", "taxonomy_version", "taxonomy_digest"),
)  # fmt: skip
REQUESTS = MetricSpec(
    "aegis_gateway_requests_total", "counter", "requests", "Requests that the gateway answered, by route and status",
    "4xx: a client's fault, its answer says which; 429 or 503: add gateways; 500: a defect, see the log",
    ("route", "status"),
)  # fmt: skip
REQUEST_SECONDS = MetricSpec(
    "aegis_gateway_request_seconds", "histogram", "seconds", "From a request's head to its answer, by route",
    "High: see aegis_stage_seconds for the stage that takes it", ("route",),
)  # fmt: skip

ALL_METRICS: tuple[MetricSpec, ...] = tuple(value for value in globals().values() if isinstance(value, MetricSpec))
