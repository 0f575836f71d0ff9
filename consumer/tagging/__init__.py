"""Image bytes to tags. May import concurrency and schemas; knows nothing of Kafka, S3 or SQL.

Turns onnxruntime's telemetry off before anything imports it: it would report each process to its makers.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
