"""Settings: what contradicts itself is refused at start, in a sentence that names the variables to change."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from consumer.settings import EngineSettings, ModelSettings, TaggerSettings
from schemas.connections import DatabaseConnection, KafkaConnection, ObjectStoreConnection, TopicSettings

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
