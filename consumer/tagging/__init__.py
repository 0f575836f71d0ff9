"""Bytes to tags. Imports onnxruntime with its telemetry off: it would report each process's use to its makers."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
