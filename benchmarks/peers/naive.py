"""What one writes in an afternoon: a plain aiokafka loop, one record after the other, Pillow, fp32, a batch of one.

    python -m benchmarks.peers.naive BUNDLE

Reads and writes the topics, and the bucket, that the environment names. The text embeddings are cached.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from minio import Minio
from PIL import Image

SIZE = 224


async def main(bundle: Path) -> None:
    """Tag for ever."""
    session = onnxruntime.InferenceSession(str(bundle / "visual.onnx"))
    with np.load(bundle / "taxonomy.npz") as compiled:
        arrays = [compiled[name] for name in compiled.files]
    texts = np.concatenate([array for array in arrays if array.ndim == 2 and array.dtype.kind == "f"])
    store = Minio(
        endpoint=os.environ["AEGIS_S3_ENDPOINT"].partition("://")[2],
        access_key=os.environ["AEGIS_S3_ACCESS_KEY"],
        secret_key=os.environ["AEGIS_S3_SECRET_KEY"],
        secure=False,
    )
    servers, prefix = os.environ["AEGIS_KAFKA_BOOTSTRAP"], os.environ["AEGIS_TOPIC_PREFIX"]
    consumer = AIOKafkaConsumer(
        f"{prefix}asset-extracted",
        bootstrap_servers=servers,
        group_id="naive",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await consumer.start()
    await producer.start()
    async for record in consumer:
        event = json.loads(record.value)
        answer = store.get_object(event["object"]["bucket"], event["object"]["key"])
        try:
            image = Image.open(io.BytesIO(answer.read()))
        finally:
            answer.close()
            answer.release_conn()
        scores = texts @ session.run(None, {"pixels": np.asarray(_square(image))[None]})[0][0]
        tags = [{"tag": int(at), "confidence": float(scores[at])} for at in np.argsort(-scores)[:10]]
        value = json.dumps({"asset_id": event["asset_id"], "tags": tags}).encode()
        await producer.send_and_wait(f"{prefix}asset-tagged", value, key=record.key)
        await consumer.commit()


def _square(image: Image.Image) -> Image.Image:
    colour = image.convert("RGB")
    scale = SIZE / min(colour.size)
    resized = colour.resize(
        (max(SIZE, round(colour.width * scale)), max(SIZE, round(colour.height * scale))), Image.Resampling.BICUBIC
    )
    left, top = (resized.width - SIZE) // 2, (resized.height - SIZE) // 2
    return resized.crop((left, top, left + SIZE, top + SIZE))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
