"""aiokafka is patched in one place, once, and only in a version that has what the patches need."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from consumer.kafka.patches.apply import KNOWN_VERSIONS, UnknownAiokafkaError, check_aiokafka

ROOT = Path(__file__).parents[3]
CLIENTS = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient"}


def test_a_version_that_nobody_tested_is_refused_in_one_sentence() -> None:
    with pytest.raises(
        UnknownAiokafkaError, match=r"aiokafka 0\.15\.0 is installed.*pip install aiokafka=="
    ) as refused:
        check_aiokafka("0.15.0")
    assert "lacks" not in str(refused.value)


@pytest.mark.parametrize(
    ("module", "name", "told"),
    [
        ("aiokafka.no_such_module", "Name", "aiokafka.no_such_module"),
        ("aiokafka.client", "AIOKafkaClient.no_such_method", "aiokafka.client.AIOKafkaClient.no_such_method"),
        ("aiokafka.client", "AIOKafkaClient.__init__->_gone", "aiokafka.client.AIOKafkaClient.__init__: _gone"),
    ],
)
def test_a_private_name_that_is_gone_is_named_whatever_the_version(module: str, name: str, told: str) -> None:
    with pytest.raises(UnknownAiokafkaError, match="it lacks") as refused:
        check_aiokafka(KNOWN_VERSIONS[-1], {module: (name,)})
    assert told in str(refused.value)


def test_the_project_allows_the_versions_that_the_guard_knows_and_no_others() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (allowed,) = [item for item in project["dependencies"] if item.startswith("aiokafka[")]
    assert (allowed.partition("==")[2],) == KNOWN_VERSIONS


def test_whoever_imports_the_room_has_its_patches() -> None:
    code = (
        "import consumer.kafka.records; from aiokafka.consumer import fetcher; from aiokafka.record import "
        "default_records as d; print(fetcher.MemoryRecords.__module__, d.lz4_encode.keywords)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == ["consumer.kafka.patches.header_names", "{'level': 1}\n"]


def test_clients_of_kafka_are_made_in_its_room_alone() -> None:
    """Elsewhere one would lack the settings that losing nothing requires."""
    made = {
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for room in ("aegis", "consumer", "devstack", "export", "producer_tools", "schemas")
        for path in (ROOT / room).rglob("*.py")
        if path.parent != ROOT / "consumer" / "kafka"
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and CLIENTS & {getattr(call.func, "id", ""), getattr(call.func, "attr", "")}
    }
    assert made == set()
