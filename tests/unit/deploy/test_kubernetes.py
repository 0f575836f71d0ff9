"""The Kubernetes manifests keep what the program asks of whoever runs it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from consumer.settings import EngineSettings, GatewaySettings
from tests.unit.deploy.queries import DEPLOY

FILES = {path.stem: path for path in (DEPLOY / "kubernetes").glob("[bc]*/**/*.yaml")}
COMMIT_SECONDS = 5


def _documents(name: str, kind: str) -> list[dict[str, Any]]:
    found = yaml.safe_load_all(FILES[name].read_text(encoding="utf-8"))
    return [document for document in found if document["kind"] == kind]


def _pod(name: str) -> dict[str, Any]:
    (workload,) = _documents(name, "Deployment" if name == "gateway" else "StatefulSet")
    pod: dict[str, Any] = workload["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("name", ["tagger", "sink", "comparer", "lake"])
def test_a_pod_has_time_to_drain(name: str) -> None:
    drain_seconds = EngineSettings.model_fields["drain_seconds"].default

    assert _pod(name)["terminationGracePeriodSeconds"] > drain_seconds + COMMIT_SECONDS


def test_a_gateway_is_no_longer_sent_requests_before_it_drains() -> None:
    pod = _pod("gateway")
    (container,) = pod["containers"]
    drain_seconds = GatewaySettings.model_fields["drain_seconds"].default
    pause_seconds = container["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert pod["terminationGracePeriodSeconds"] > pause_seconds + drain_seconds + COMMIT_SECONDS
    (service,) = _documents("gateway", "Service")
    assert service["spec"]["ports"][0]["targetPort"] in {port["name"] for port in container["ports"]}


@pytest.mark.parametrize("name", ["tagger", "sink", "comparer", "lake", "gateway"])
def test_an_outage_restarts_no_pod(name: str) -> None:
    """Liveness asks for the loop and its progress, readiness for the dependencies."""
    (container,) = _pod(name)["containers"]

    assert container["args"] == ["consumer", name]
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["startupProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


@pytest.mark.parametrize("name", ["tagger", "sink", "comparer", "lake"])
def test_a_pod_is_a_static_member_by_its_own_name(name: str) -> None:
    (container,) = _pod(name)["containers"]
    (variable,) = container["env"]

    assert variable["name"] == "AEGIS_STREAM_GROUP_INSTANCE_ID"
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


def test_every_container_runs_without_rights() -> None:
    """As the namespace's policy `restricted` asks, which would refuse the pod."""
    (job,) = _documents("setup", "Job")
    setup = job["spec"]["template"]["spec"]
    maintenance = [
        item["spec"]["jobTemplate"]["spec"]["template"]["spec"] for item in _documents("maintenance", "CronJob")
    ]
    pods = [_pod("tagger"), _pod("sink"), _pod("comparer"), _pod("lake"), _pod("gateway"), setup, *maintenance]

    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        for container in [*pod["containers"], *pod.get("initContainers", ())]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
