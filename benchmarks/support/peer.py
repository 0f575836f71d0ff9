"""A peer of the gateway: one image after the other, in fp32 on all cores, its text embeddings computed before.

As immich's machine-learning service runs CLIP: Pillow, and onnxruntime with as many threads as there are cores.
"""

from __future__ import annotations

import base64
import io
import json
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

from consumer.tagging.bundle.bundle import load_bundle


def serve_one_at_a_time(bundle: Path, port: int) -> None:
    """Answer POST with the best tag and GET with 200, until the process is ended."""
    loaded = load_bundle(bundle)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    # aegis-mini, on which this is tried out, has no fp32 graph.
    precision = "fp32" if "fp32" in loaded.manifest.graphs else loaded.manifest.precision
    graph = str(loaded.graph_path(precision))
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    name, size = session.get_inputs()[0].name, loaded.manifest.image.size
    tags = [tag for part in loaded.vectors.values() for tag in part.names]
    matrix = np.concatenate([part.tags for part in loaded.vectors.values()])

    def tag(data: bytes) -> str:
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC))
        (vectors,) = session.run(None, {name: pixels[None]})
        return tags[int((matrix @ vectors[0]).argmax())]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            started = time.perf_counter()
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            tag_name = tag(base64.b64decode(request["image_data"]))
            self._answer({"tag": tag_name, "processing_time_ms": round((time.perf_counter() - started) * 1000)})

        def _answer(self, fields: dict[str, Any]) -> None:
            body = json.dumps(fields).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            # Its one thread must not wait for a connection that is kept open.
            self.send_header("connection", "close")
            self.close_connection = True
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    HTTPServer(("127.0.0.1", port), Handler).serve_forever()
