"""Prints every asset that has a tag, and goes on as new ones are tagged: subscriber.py TAG (needs aiokafka[lz4])."""

import asyncio
import json
import os
import sys

from aiokafka import AIOKafkaConsumer


async def main(wanted: str) -> None:
    topic = os.environ.get("AEGIS_TOPIC_PREFIX", "") + "asset-tagged"
    brokers, group = os.environ["AEGIS_KAFKA_BOOTSTRAP"], os.environ.get("GROUP", "my-service")
    # The group's offsets say where it stopped; it begins with what holds now.
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=brokers, group_id=group, auto_offset_reset="earliest"
    ) as consumer:
        async for record in consumer:
            if record.value is None:
                print(record.key.decode(), "removed", flush=True)
                continue
            event = json.loads(record.value)
            for tag in event["tags"]:
                if tag["tag"] == wanted:
                    print(event["asset_id"], tag["confidence"], flush=True)


asyncio.run(main(sys.argv[1]))
