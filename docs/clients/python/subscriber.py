"""Prints every asset that has a tag, what people say of it, and goes on: subscriber.py TAG (needs aiokafka[lz4])."""

import asyncio
import json
import os
import sys

from aiokafka import AIOKafkaConsumer


async def main(wanted: str) -> None:
    prefix = os.environ.get("AEGIS_TOPIC_PREFIX", "")
    brokers, group = os.environ["AEGIS_KAFKA_BOOTSTRAP"], os.environ.get("GROUP", "my-python-service")
    # The group's offsets say where it stopped; it begins with what holds now.
    async with AIOKafkaConsumer(
        f"{prefix}asset-tagged",
        f"{prefix}asset-reviewed",
        bootstrap_servers=brokers,
        group_id=group,
        auto_offset_reset="earliest",
    ) as consumer:
        async for record in consumer:
            if record.value is None:
                print(record.key.decode(), "removed", flush=True)
                continue
            event = json.loads(record.value)
            if "verdict" in event:
                if event["verdict"]["tag"] == wanted:
                    print(event["asset_id"], event["verdict"]["word"], "by", event["by"], flush=True)
                continue
            for tag in event["tags"]:
                if tag["tag"] == wanted:
                    print(event["asset_id"], tag["confidence"], flush=True)


asyncio.run(main(sys.argv[1]))
