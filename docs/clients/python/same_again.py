"""Prints every texture that is there again, and what one is of the other, and goes on (needs aiokafka[lz4])."""

import asyncio
import json
import os

from aiokafka import AIOKafkaConsumer


async def main() -> None:
    topic = f"{os.environ.get('AEGIS_TOPIC_PREFIX', '')}asset-related"
    brokers, group = os.environ["AEGIS_KAFKA_BOOTSTRAP"], os.environ.get("GROUP", "my-duplicates-service")
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=brokers, group_id=group, auto_offset_reset="earliest"
    ) as consumer:
        async for record in consumer:
            if record.value is None:
                print(record.key.decode(), "removed", flush=True)
                continue
            event = json.loads(record.value)
            for other in event["related"]:
                # The relation is said of one of the two: "this" is the event's asset.
                pair = [event["asset_id"], other["asset_id"]]
                one, of = pair if other["said_of"] == "this" else reversed(pair)
                print(one, other["relation"], of, flush=True)


asyncio.run(main())
