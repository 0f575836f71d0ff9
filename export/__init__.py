"""Making, calibrating and measuring model bundles. May import consumer.tagging and schemas.

Turns onnxruntime's telemetry off before anything imports it, as consumer.tagging does.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
