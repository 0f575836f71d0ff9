"""Every metric, declared once: name, kind, unit, labels, meaning, and what to do when it is bad."""

from __future__ import annotations

from consumer.telemetry.metric_spec import (
    AGE_SECONDS_BUCKETS,
    EVERY_SERVICE,
    MODEL_SERVICES,
    SIZE_BUCKETS,
    MetricSpec,
)

RECORDS_RECEIVED = MetricSpec(
    "aegis_records_received_total", "counter", "records", "Records received from Kafka",
    "Zero while the lag grows: look in the log for retries, an endless rebalance, or an open breaker", ("topic",),
)  # fmt: skip
RECORDS_FINISHED = MetricSpec(
    "aegis_records_finished_total", "counter", "records", "Records whose outcome is durable, dead letters included",
    "Below the rate of received records for long: a dependency is slow; see aegis_stage_seconds", ("topic",),
)  # fmt: skip
RECORD_SECONDS = MetricSpec(
    "aegis_record_seconds", "histogram", "seconds", "Time from receiving a record to its durable outcome",
    "High: see aegis_stage_seconds for the slow stage", ("topic",),
)  # fmt: skip
STAGE_SECONDS = MetricSpec(
    "aegis_stage_seconds", "histogram", "seconds",
    "Time of one image in a stage (wait, fetch, decode, embed, score); "
    "wait lasts from publication, or from a request's headers, until work begins",
    "wait: add processes; fetch: check the object store; decode, embed: add CPU", ("stage",),
    reported_by=MODEL_SERVICES,
)  # fmt: skip
RETRIES = MetricSpec(
    "aegis_retries_total", "counter", "attempts", "Failed attempts that will be repeated",
    "Rising steadily: a dependency is down (see the labels); nothing is lost, and work resumes when it is back",
    ("error_class", "stage"),
)  # fmt: skip
DEAD_LETTERS = MetricSpec(
    "aegis_dead_letters_total", "counter", "records", "Records moved to the dead-letter topic",
    "List them with `aegis dlq ls`; fix the cause, then redrive them", ("error_class", "stage", "disposition"),
)  # fmt: skip
IN_FLIGHT = MetricSpec(
    "aegis_in_flight_records", "gauge", "records", "Records received and not finished",
    "At its limit while the rate is low: a downstream service is slow or unavailable",
)  # fmt: skip
IN_FLIGHT_BYTES = MetricSpec(
    "aegis_in_flight_bytes", "gauge", "bytes", "Bytes of record values in flight",
    "Same as for aegis_in_flight_records",
)  # fmt: skip
OLDEST_IN_FLIGHT = MetricSpec(
    "aegis_oldest_in_flight_seconds", "gauge", "seconds", "Time since the oldest record in flight was received",
    "Growing without end: a record is stuck; the log names its topic, partition and offset with each retry",
)  # fmt: skip
COMMITTED = MetricSpec(
    "aegis_committed_offset", "gauge", "offset", "Last committed offset, that is, the next one to read",
    "Constant while there is lag: see aegis_oldest_in_flight_seconds", ("topic", "partition"),
)  # fmt: skip
COMMIT_FAILURES = MetricSpec(
    "aegis_commit_failures_total", "counter", "commits", "Failed commits",
    "A few at each rebalance are normal and only cause redelivery; many: check the brokers", ("error_class",),
)  # fmt: skip
LAG_RECORDS = MetricSpec(
    "aegis_consumer_lag_records", "gauge", "records", "Records of a partition that are not finished yet",
    "Growing: add processes, up to one per partition", ("topic", "partition"),
)  # fmt: skip
LAG_SECONDS = MetricSpec(
    "aegis_consumer_lag_seconds", "gauge", "seconds", "Time since the oldest unfinished record was published",
    "Same as for aegis_consumer_lag_records", ("topic", "partition"),
)  # fmt: skip
PARTITIONS = MetricSpec(
    "aegis_assigned_partitions", "gauge", "partitions", "Partitions assigned to this process",
    "Zero on a ready process: there are more processes than partitions",
)  # fmt: skip
STUCK_PARTITIONS = MetricSpec(
    "aegis_stuck_partitions", "gauge", "partitions",
    "Partitions whose oldest record failed or waited for AEGIS_STREAM_STUCK_SECONDS without a known outage, or whose "
    "next batch is damaged",
    "/readyz and the log (partition.stuck, partition.unreadable) name it: see Stuck partitions in docs/production.md",
)  # fmt: skip
BREAKER_OPEN = MetricSpec(
    "aegis_breaker_open", "gauge", "0 or 1", "1 while the circuit breaker has stopped intake because most records fail",
    "A systemic failure: look at the newest dead letters; the breaker closes by itself once a record succeeds",
)  # fmt: skip
REBUILDS = MetricSpec(
    "aegis_consumer_rebuilds_total", "counter", "rebuilds",
    "Consumers replaced because they stopped delivering without an error",
    "More than one a week: check the network to the brokers",
)  # fmt: skip
POSITION_MOVES = MetricSpec(
    "aegis_position_moves_total", "counter", "moves",
    "Partitions that went on elsewhere than they stopped; skipped: records were deleted unread, again: all is read",
    "The log says from where to where, how many records, and why (position.moved)", ("topic", "reason"),
)  # fmt: skip
CLOCKS_AHEAD = MetricSpec(
    "aegis_clock_ahead_total", "counter", "events",
    "Events stated to have happened after their record was written; they count as of the record's time",
    "Rising: the clock of an extractor is ahead; the log names the record and its writer once a minute: set that clock",
)  # fmt: skip
IDS_TAKEN = MetricSpec(
    "aegis_ids_taken_total", "counter", "events", "Textures whose id was another source's, with other bytes",
    "Rising: the log names both (asset.id_taken): give each a name by aegis init or --game", reported_by=("sink",),
)  # fmt: skip
BATCH_SIZE = MetricSpec(
    "aegis_inference_batch_size", "histogram", "images", "Images per inference",
    "Always 1 under load: AEGIS_MODEL_MAX_BATCH or AEGIS_TAGGER_MAX_RECORDS_IN_FLIGHT is too small",
    buckets=SIZE_BUCKETS, reported_by=MODEL_SERVICES,
)  # fmt: skip
BATCH_SECONDS = MetricSpec(
    "aegis_inference_seconds", "histogram", "seconds", "Time of one inference of a batch",
    "Rising: other programs use the same CPUs", reported_by=MODEL_SERVICES,
)  # fmt: skip
FINDINGS = MetricSpec(
    "aegis_findings_total", "counter", "findings", "Findings in published events, by their name",
    "A finding that jumps: an exporter or an import setting changed; docs/findings.md says what each means",
    ("finding",), reported_by=MODEL_SERVICES,
)  # fmt: skip
RELATIONS = MetricSpec(
    "aegis_relations_total", "counter", "relations", "Other contents told in asset-related events, by relation",
    "Much is identical: it is extracted twice; see aegis duplicates", ("relation",), reported_by=("comparer",),
)  # fmt: skip
EMBEDDINGS = MetricSpec(
    "aegis_embeddings_total", "counter", "embeddings",
    "Embeddings by source (inferred, memory, database); the share not inferred is the hit rate of reuse",
    "All inferred although content repeats: see AEGIS_TAGGER_REUSE and aegis_reuse_failures_total",
    ("source",), reported_by=("tagger",),
)  # fmt: skip
REUSE_FAILURES = MetricSpec(
    "aegis_reuse_failures_total", "counter", "lookups",
    "Lookups of stored embeddings that failed or timed out; those images are inferred instead",
    "Rising: see the log; tagging continues at the speed of inference, and lookups resume by themselves",
    reported_by=("tagger",),
)  # fmt: skip
LOOP_LAG = MetricSpec(
    "aegis_event_loop_lag_seconds", "gauge", "seconds", "Delay of the event loop, maximum of the last interval",
    "Above a second: blocking work runs on the loop and can delay heartbeats; report it as a bug",
    reported_by=EVERY_SERVICE,
)  # fmt: skip
MODEL_INFO = MetricSpec(
    "aegis_model_info", "gauge", "always 1", "Model and taxonomy in use",
    "Different between processes: a roll-out is in progress, or stuck",
    ("model", "model_digest", "precision", "provider", "calibrated", "taxonomy", "taxonomy_version", "taxonomy_digest"),
    reported_by=MODEL_SERVICES,
)  # fmt: skip

SINK_BATCH_EVENTS = MetricSpec(
    "aegis_sink_batch_events", "histogram", "events", "Events per transaction",
    "Always 1 under load: AEGIS_SINK_MAX_BATCH or AEGIS_SINK_MAX_RECORDS_IN_FLIGHT is too small",
    buckets=SIZE_BUCKETS, reported_by=("sink",),
)  # fmt: skip
SINK_BATCH_SECONDS = MetricSpec(
    "aegis_sink_batch_seconds", "histogram", "seconds", "Time of one transaction, including failed ones",
    "Rising: check the disk and CPU of PostgreSQL, which bounds the sink", reported_by=("sink",),
)  # fmt: skip
EMBEDDINGS_WAITING = MetricSpec(
    "aegis_embeddings_waiting", "gauge", "embeddings",
    "Embeddings in the database's queue for the index of similar images, at most; each sink reports the same queue",
    "Growing without a bulk load: the log says embeddings.not_moved, or PostgreSQL lacks CPUs; tags are not affected",
    reported_by=("sink",),
)  # fmt: skip
EXTRACTED_TO_STORED_SECONDS = MetricSpec(
    "aegis_extracted_to_stored_seconds", "histogram", "seconds",
    "Time from the extraction of an asset to its committed row; during a replay it includes the age of the events",
    "High without a replay: see the lag metrics, then aegis_stage_seconds; without load it is a tenth of a second",
    buckets=AGE_SECONDS_BUCKETS, reported_by=("sink",),
)  # fmt: skip
LAKE_ROWS = MetricSpec(
    "aegis_lake_rows_total", "counter", "rows", "Rows committed to a table of the lake",
    "Zero while the lag grows: /readyz and the log (lake.not_written) name the catalog or the object store", ("table",),
    reported_by=("lake",),
)  # fmt: skip
LAKE_KNOWN_ROWS = MetricSpec(
    "aegis_lake_known_rows_total", "counter", "rows",
    "Rows left out because the table held their records already: they were delivered again",
    "Some after each kill or rebalance; steadily: another group writes the same tables", ("table",),
    reported_by=("lake",),
)  # fmt: skip
LAKE_COMMIT_SECONDS = MetricSpec(
    "aegis_lake_commit_seconds", "histogram", "seconds", "Time of one commit, attempts that came too late included",
    "Rising: expire snapshots and compact (docs/lake.md), or the object store is slow", ("table",),
    reported_by=("lake",),
)  # fmt: skip
LAKE_CONFLICTS = MetricSpec(
    "aegis_lake_conflicts_total", "counter", "commits",
    "Commits that another writer was faster than; they are repeated with what is not in yet",
    "Many: fewer lake processes, or a longer AEGIS_LAKE_COMMIT_SECONDS", ("table",), reported_by=("lake",),
)  # fmt: skip
READY = MetricSpec(
    "aegis_ready", "gauge", "0 or 1", "Readiness as /readyz reports it: 1 while the process accepts work",
    "0 for minutes: /readyz names the unavailable dependency, or the breaker", reported_by=EVERY_SERVICE,
)  # fmt: skip
BUILD_INFO = MetricSpec(
    "aegis_build_info", "gauge", "always 1", "Version of the program",
    "Different between processes: a roll-out is in progress, or stuck", ("version",), reported_by=EVERY_SERVICE,
)  # fmt: skip
SPOOL_EVENTS = MetricSpec(
    "aegis_spool_events", "gauge", "events", "Events in the spool of an extraction host",
    "Above zero for long: that host cannot reach Kafka or the object store; `aegis publish --spool` says which",
    ("spool",), reported_by=("extractor",),
)  # fmt: skip
SPOOL_BYTES = MetricSpec(
    "aegis_spool_bytes", "gauge", "bytes", "Size of the events and images in the spool",
    "Same as for aegis_spool_events", ("spool",), reported_by=("extractor",),
)  # fmt: skip
SPOOL_LIMIT_BYTES = MetricSpec(
    "aegis_spool_limit_bytes", "gauge", "bytes", "AEGIS_SPOOL_MAX_BYTES; extraction fails when the spool is full",
    "Nearly reached: send the spool with `aegis publish --spool`, or raise the limit", ("spool",),
    reported_by=("extractor",),
)  # fmt: skip
SPOOL_OLDEST = MetricSpec(
    "aegis_spool_oldest_timestamp_seconds", "gauge", "seconds",
    "Unix time at which the oldest event was spooled; 0 when the spool is empty",
    "Hours ago: nothing sends the spool; run `aegis publish --spool` from a timer", ("spool",),
    reported_by=("extractor",),
)  # fmt: skip
SPOOL_REJECTED = MetricSpec(
    "aegis_spool_rejected_events", "gauge", "events", "Spooled events that can never be sent",
    "See the folder `rejected` in the spool, extract those files again, and delete the folder", ("spool",),
    reported_by=("extractor",),
)  # fmt: skip
REQUESTS = MetricSpec(
    "aegis_gateway_requests_total", "counter", "requests", "Requests answered by the gateway, by route and status",
    "4xx: the client's error, named in the response (499: it left); 429, 503: add gateways; 500: a bug, see the log",
    ("route", "status"), reported_by=("gateway",),
)  # fmt: skip
REQUEST_SECONDS = MetricSpec(
    "aegis_gateway_request_seconds", "histogram", "seconds", "Time from a request's headers to its response, by route",
    "High: see aegis_stage_seconds for the slow stage", ("route",), reported_by=("gateway",),
)  # fmt: skip

ALL_METRICS: tuple[MetricSpec, ...] = tuple(value for value in globals().values() if isinstance(value, MetricSpec))
