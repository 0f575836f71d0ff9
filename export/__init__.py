"""Making model bundles. Imports onnxruntime with its telemetry off, as consumer.tagging does."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
