"""Settings: what contradicts itself is refused at start, in a sentence that names the variables to change."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from consumer.settings import EngineSettings, ModelSettings, TaggerSettings
from schemas.connections import DatabaseConnection, KafkaConnection, ObjectStoreConnection, TopicSettings
from schemas.environment import known_variables, unknown_variables

# Tests of misspelled names.
MISSPELLING = {"test_settings.py", "test_facts.py", "test_references.py"}
_KAFKA = {"AEGIS_KAFKA_BOOTSTRAP": "127.0.0.1:9092"}
_STORE = {"AEGIS_S3_ENDPOINT": "http://127.0.0.1:9000"}
_DATABASE = {"AEGIS_PG_DSN": "postgresql://aegis:secret@127.0.0.1:5432/aegis_ai"}


@pytest.mark.parametrize(
    ("settings", "environment", "named"),
    [
        (KafkaConnection, {}, ["AEGIS_KAFKA_BOOTSTRAP", "aegis stack up"]),
        (
            KafkaConnection,
            {**_KAFKA, "AEGIS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
            ["AEGIS_KAFKA_SASL_USERNAME", "AEGIS_KAFKA_SASL_PASSWORD"],
        ),
        (ObjectStoreConnection, {}, ["AEGIS_S3_ENDPOINT"]),
        (ObjectStoreConnection, {"AEGIS_S3_ENDPOINT": "127.0.0.1:9000"}, ["http://host:port"]),
        (ObjectStoreConnection, {"AEGIS_S3_ENDPOINT": "http://127.0.0.1:9000/bucket"}, ["http://host:port"]),
        (ObjectStoreConnection, {**_STORE, "AEGIS_S3_ACCESS_KEY": "key"}, ["AEGIS_S3_SECRET_KEY"]),
        (ObjectStoreConnection, {**_STORE, "AEGIS_S3_SECRET_KEY": "secret"}, ["AEGIS_S3_ACCESS_KEY"]),
        (DatabaseConnection, {}, ["AEGIS_PG_DSN"]),
        (DatabaseConnection, {"AEGIS_PG_DSN": "mysql://127.0.0.1/x"}, ["postgres"]),
        (DatabaseConnection, {"AEGIS_PG_DSN": "postgresql://h?sslmode=on"}, ["AEGIS_PG_DSN: sslmode=on is none of"]),
        (DatabaseConnection, {**_DATABASE, "AEGIS_PG_SCHEMA": "drop table"}, ["AEGIS_PG_SCHEMA"]),
        (TopicSettings, {"AEGIS_TOPIC_PREFIX": "a_b"}, ["prefix"]),
        (
            EngineSettings,
            {"AEGIS_STREAM_DRAIN_SECONDS": "58"},
            ["AEGIS_STREAM_DRAIN_SECONDS", "AEGIS_STREAM_REBALANCE_TIMEOUT_SECONDS"],
        ),
        (
            EngineSettings,
            {"AEGIS_STREAM_RETRY_FIRST_SECONDS": "20"},
            ["AEGIS_STREAM_RETRY_CAP_SECONDS", "AEGIS_STREAM_RETRY_FIRST_SECONDS"],
        ),
        (
            TaggerSettings,
            {"AEGIS_TAGGER_MAX_BYTES_IN_FLIGHT": "1024"},
            ["AEGIS_TAGGER_MAX_OBJECT_BYTES", "AEGIS_TAGGER_MAX_BYTES_IN_FLIGHT"],
        ),
        (ModelSettings, {"AEGIS_MODEL_MAX_BATCH": "0"}, ["max_batch"]),
    ],
)
def test_what_contradicts_itself_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: type[BaseSettings], environment: dict[str, str], named: list[str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError) as refused:
        settings()

    assert [name for name in named if name not in str(refused.value)] == []


def test_lists_are_comma_separated_and_empty_means_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_TAGGER_ALLOWED_BUCKETS", "one, two,")
    monkeypatch.setenv("AEGIS_TAGGER_ALLOWED_KEY_PREFIXES", "")

    settings = TaggerSettings()

    assert settings.allowed_buckets == ("one", "two")
    assert settings.allowed_key_prefixes == ()


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**_STORE, **_DATABASE, "AEGIS_S3_ACCESS_KEY": "k", "AEGIS_S3_SECRET_KEY": "hidden-1"}.items():
        monkeypatch.setenv(name, value)

    printed = f"{ObjectStoreConnection()!r} {DatabaseConnection()!r}"

    assert "hidden-1" not in printed
    assert "aegis:secret" not in printed


@pytest.mark.parametrize(
    ("service", "environment", "sentence"),
    [
        ("tagger", {}, "AEGIS_KAFKA_BOOTSTRAP is not set"),
        ("tagger", {**_KAFKA, **_STORE, "AEGIS_MODEL_BUNDLE": "/nowhere"}, "There is no model bundle /nowhere"),
        (
            "tagger",
            {**_KAFKA, **_STORE, "AEGIS_MODEL_PROVIDER": "CUDAExecutionProvider"},
            "AEGIS_MODEL_PROVIDER=CUDAExecutionProvider is not in this onnxruntime",
        ),
        (
            "tagger",
            {**_KAFKA, **_STORE, "AEGIS_S3_BUCKET": "assets-abcdef012345-s3alias"},
            "AEGIS_S3_BUCKET=assets-abcdef012345-s3alias is the alias of an access point",
        ),
        ("sink", {**_KAFKA}, "AEGIS_PG_DSN is not set"),
        (
            "sink",
            {**_KAFKA, **_DATABASE, "AEGIS_SINK_MAX_BATCH": "many"},
            "AEGIS_SINK_MAX_BATCH: input should be a valid integer",
        ),
    ],
)
def test_a_process_that_cannot_start_says_why_in_a_sentence_and_ends_with_2(
    service: str, environment: dict[str, str], sentence: str
) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEGIS_")}
    done = subprocess.run(
        [sys.executable, "-m", "consumer", service],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("AEGIS_MODEL_MAXBATCH", "AEGIS_MODEL_MAX_BATCH"),
        ("AEGIS_MODLE_BUNDLE", "AEGIS_MODEL_BUNDLE"),
        ("AEGIS_PG_DNS_FILE", "AEGIS_PG_DSN_FILE"),
        ("aegis_kafka_boostrap", "AEGIS_KAFKA_BOOTSTRAP"),
    ],
)
def test_a_misspelled_variable_gets_the_nearest_name(name: str, near: str) -> None:
    sentence = unknown_variables({name: "4", "PATH": "/bin"})
    assert sentence == f"{name} is not a setting: did you mean {near}? docs/settings.md lists all"


def test_what_is_in_a_group_of_ours_is_refused_however_little_it_is_like_a_setting() -> None:
    assert "AEGIS_MODEL_Q is not a setting" in (unknown_variables({"AEGIS_MODEL_Q": "1"}) or "")


def test_what_is_like_no_setting_and_in_no_group_of_ours_belongs_to_somebody_else() -> None:
    assert unknown_variables({"AEGIS_CHECKOUT": "/srv/aegis"}) is None


def test_known_empty_and_others_variables_are_let_through() -> None:
    """Kubernetes sets the last four in every pod of a namespace that has a Service aegis-tagger."""
    links = {
        "AEGIS_TAGGER_SERVICE_HOST": "10.0.0.1",
        "AEGIS_TAGGER_SERVICE_PORT_HTTP": "9464",
        "AEGIS_TAGGER_PORT": "tcp://10.0.0.1:9464",
        "AEGIS_TAGGER_PORT_9464_TCP_ADDR": "10.0.0.1",
    }
    known = dict.fromkeys(known_variables(), "1")
    assert (
        unknown_variables({**known, **links, "AEGIS_NOTHING": "", "aegis_model_bundle": "x", "XAEGIS_A": "1"}) is None
    )
    assert unknown_variables({"AEGIS_TAGGER_PORT": "9464"}) is not None


@pytest.mark.parametrize("command", [("consumer", "tagger"), ("aegis", "run", "sink"), ("aegis", "topics", "apply")])
def test_every_process_refuses_a_variable_that_nobody_reads(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, **_KAFKA, "AEGIS_MODEL_MAXBATCH": "4"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert "AEGIS_MODEL_MAXBATCH is not a setting: did you mean AEGIS_MODEL_MAX_BATCH?" in done.stderr


def test_every_variable_that_code_reads_or_sets_is_known() -> None:
    """In tests and tools too: what they set would be refused."""
    root = Path(__file__).parents[2]
    places = ("aegis", "benchmarks", "consumer", "deploy", "devstack", "export", "producer_tools", "testkit", "tests")
    files = [path for place in places for path in (root / place).rglob("*") if path.suffix in {".py", ".yaml", ".yml"}]
    found = {
        (str(path.relative_to(root)), name)
        for path in (*files, root / "docker-compose.yml", root / ".env.example", root / "Dockerfile")
        for name in re.findall(r"\bAEGIS_[A-Z0-9_]*[A-Z0-9]\b(?!_)", path.read_text(encoding="utf-8"))
        if path.name not in MISSPELLING
    }

    assert {place for place in found if place[1] not in known_variables()} == set()
