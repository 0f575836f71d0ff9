"""Every metric, declared once: name, kind, unit, labels, meaning, and what to do when it is bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Reporter = Literal["tagger", "sink", "gateway", "extractor"]

EVERY_SERVICE: tuple[Reporter, ...] = ("tagger", "sink", "gateway")
CONSUMERS: tuple[Reporter, ...] = ("tagger", "sink")
MODEL_SERVICES: tuple[Reporter, ...] = ("tagger", "gateway")

# From 1 ms to a minute: a decode is some milliseconds, a wait behind a backlog may be long.
SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# To a day: what waited out an outage is stored late, and a replay is of old events.
AGE_SECONDS_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0)
SIZE_BUCKETS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric; ``action`` is what an operator does when it looks wrong, ``reported_by`` which processes have it."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    action: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = SECONDS_BUCKETS
    reported_by: tuple[Reporter, ...] = CONSUMERS


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
    "Time of one image in a stage (wait, fetch, decode, embed, score); "
    "wait is from publication, or a request's head, to pick-up",
    "wait: add processes; fetch: look at the object store; decode, embed: add CPU", ("stage",),
    reported_by=MODEL_SERVICES,
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
    buckets=SIZE_BUCKETS, reported_by=MODEL_SERVICES,
)  # fmt: skip
BATCH_SECONDS = MetricSpec(
    "aegis_inference_seconds", "histogram", "seconds", "Time of one inference of a whole batch",
    "Rising: the CPUs are shared with something else", reported_by=MODEL_SERVICES,
)  # fmt: skip
EMBEDDINGS = MetricSpec(
    "aegis_embeddings_total", "counter", "embeddings",
    "Embeddings by where they came from (inferred, memory, database); the share that was not inferred is the hit rate",
    "Only inferred though equal content comes again: see AEGIS_TAGGER_REUSE and aegis_reuse_failures_total",
    ("source",), reported_by=("tagger",),
)  # fmt: skip
REUSE_FAILURES = MetricSpec(
    "aegis_reuse_failures_total", "counter", "lookups",
    "Lookups of stored embeddings that failed or took too long; what they would have found is inferred again",
    "Rising: the log says why; tagging goes on at its own speed, and asks again by itself", reported_by=("tagger",),
)  # fmt: skip
LOOP_LAG = MetricSpec(
    "aegis_event_loop_lag_seconds", "gauge", "seconds", "How late the event loop wakes up, worst of the last interval",
    "Above a second: heavy work runs on the loop; heartbeats are in danger. Report it as a defect",
    reported_by=EVERY_SERVICE,
)  # fmt: skip
MODEL_INFO = MetricSpec(
    "aegis_model_info", "gauge", "always 1", "The model and the taxonomy that tag",
    "Different between processes: a roll-out is under way, or stuck",
    ("model", "model_digest", "precision", "provider", "calibrated", "taxonomy", "taxonomy_version", "taxonomy_digest"),
    reported_by=MODEL_SERVICES,
)  # fmt: skip

SINK_BATCH_EVENTS = MetricSpec(
    "aegis_sink_batch_events", "histogram", "events", "Events in one transaction",
    "Always 1 under load: AEGIS_SINK_MAX_BATCH or AEGIS_SINK_MAX_RECORDS_IN_FLIGHT is too small",
    buckets=SIZE_BUCKETS, reported_by=("sink",),
)  # fmt: skip
SINK_BATCH_SECONDS = MetricSpec(
    "aegis_sink_batch_seconds", "histogram", "seconds", "Time of one transaction, failed ones included",
    "Rising: look at PostgreSQL's disk and CPUs; a sink cannot be faster than its database", reported_by=("sink",),
)  # fmt: skip
EXTRACTED_TO_STORED_SECONDS = MetricSpec(
    "aegis_extracted_to_stored_seconds", "histogram", "seconds",
    "From the extraction of an asset to its committed row; a replay counts with the age of its events",
    "High without a replay: see the lags, then aegis_stage_seconds; at zero load it is a tenth of a second",
    buckets=AGE_SECONDS_BUCKETS, reported_by=("sink",),
)  # fmt: skip
READY = MetricSpec(
    "aegis_ready", "gauge", "0 or 1", "What /readyz says at the moment of the scrape: 1 while the process takes work",
    "0 for minutes: /readyz names the dependency that does not answer, or the breaker", reported_by=EVERY_SERVICE,
)  # fmt: skip
BUILD_INFO = MetricSpec(
    "aegis_build_info", "gauge", "always 1", "The version that runs",
    "Different between processes: a roll-out is under way, or stuck", ("version",), reported_by=EVERY_SERVICE,
)  # fmt: skip
SPOOL_EVENTS = MetricSpec(
    "aegis_spool_events", "gauge", "events", "Events that wait in the spool of an extraction machine",
    "Above zero for long: Kafka or the object store cannot be reached from there; `aegis publish --spool` says which",
    ("spool",), reported_by=("extractor",),
)  # fmt: skip
SPOOL_BYTES = MetricSpec(
    "aegis_spool_bytes", "gauge", "bytes", "Size of the events and pictures that wait in the spool",
    "As aegis_spool_events", ("spool",), reported_by=("extractor",),
)  # fmt: skip
SPOOL_LIMIT_BYTES = MetricSpec(
    "aegis_spool_limit_bytes", "gauge", "bytes", "AEGIS_SPOOL_MAX_BYTES: at this size extraction fails",
    "Nearly reached: send the spool, or raise the limit", ("spool",), reported_by=("extractor",),
)  # fmt: skip
SPOOL_OLDEST = MetricSpec(
    "aegis_spool_oldest_timestamp_seconds", "gauge", "seconds",
    "Unix time at which the oldest event came into the spool; 0 while it is empty",
    "Hours ago: nobody sends the spool; run `aegis publish --spool` from a timer", ("spool",),
    reported_by=("extractor",),
)  # fmt: skip
SPOOL_REJECTED = MetricSpec(
    "aegis_spool_rejected_events", "gauge", "events", "Events put aside because they can never be sent",
    "Look into the spool's folder `rejected`, extract those files again, and remove it", ("spool",),
    reported_by=("extractor",),
)  # fmt: skip
REQUESTS = MetricSpec(
    "aegis_gateway_requests_total", "counter", "requests", "Requests that the gateway answered, by route and status",
    "4xx: a client's fault, its answer says which; 429 or 503: add gateways; 500: a defect, see the log",
    ("route", "status"), reported_by=("gateway",),
)  # fmt: skip
REQUEST_SECONDS = MetricSpec(
    "aegis_gateway_request_seconds", "histogram", "seconds", "From a request's head to its answer, by route",
    "High: see aegis_stage_seconds for the stage that takes it", ("route",), reported_by=("gateway",),
)  # fmt: skip

ALL_METRICS: tuple[MetricSpec, ...] = tuple(value for value in globals().values() if isinstance(value, MetricSpec))
