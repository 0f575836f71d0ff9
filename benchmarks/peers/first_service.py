"""The first service: FastAPI, one picture a request, and its 28 prompts encoded by torch for every one of them.

    python -m benchmarks.peers.first_service IMAGES BUNDLE

Its client is in the same process and waits for each answer.
"""

from __future__ import annotations

import asyncio
import io
import socket
import sys
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import onnxruntime
import open_clip
import torch
import uvicorn
from fastapi import FastAPI, Request
from PIL import Image

from benchmarks.peers.turns import serve

ARCHITECTURE = "ViT-B-32"
SUBJECTS = (
    *("weapon", "character", "building", "vehicle", "tree", "plant", "rock", "animal", "furniture", "food"),
    *("armour", "tool", "icon", "button", "wall", "floor", "roof", "door", "window", "sky", "water", "fire"),
    *("metal", "wood", "stone", "fabric", "skin", "effect"),
)
PROMPTS = [f"a texture of a {subject}" for subject in SUBJECTS]


def service(graph: Path) -> FastAPI:
    """Return the application."""
    model, _, preprocess = open_clip.create_model_and_transforms(ARCHITECTURE)
    model.eval()
    tokenizer = open_clip.get_tokenizer(ARCHITECTURE)
    session = onnxruntime.InferenceSession(str(graph))
    app = FastAPI()

    def tags_of(data: bytes) -> list[tuple[str, float]]:
        image = preprocess(Image.open(io.BytesIO(data)).convert("RGB"))
        # The graph normalises by itself: undone here, where the first service's graph took floats.
        pixels = (image.permute(1, 2, 0).numpy() * STD + MEAN) * 255
        (embedding,) = session.run(None, {"pixels": pixels.clip(0, 255).astype(np.uint8)[None]})
        with torch.no_grad():
            texts = model.encode_text(tokenizer(PROMPTS), normalize=True).numpy()
        scores = (embedding @ texts.T)[0]
        return [(PROMPTS[at], float(scores[at])) for at in np.argsort(-scores)[:5]]

    async def tag(request: Request) -> list[tuple[str, float]]:
        return tags_of(await request.body())

    app.add_api_route("/tag", tag, methods=["POST"])
    return app


MEAN = np.array(open_clip.OPENAI_DATASET_MEAN, np.float32)
STD = np.array(open_clip.OPENAI_DATASET_STD, np.float32)


def main(images: Path, bundle: Path) -> None:
    """Serve turns."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(service(bundle / "visual.onnx"), log_level="warning"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/tag"

        def work(files: list[bytes]) -> None:
            for data in files:
                with urllib.request.urlopen(urllib.request.Request(address, data)) as answer:
                    answer.read()

        serve(work, images)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
