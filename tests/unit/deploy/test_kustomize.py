"""What the kustomizations render is what a cluster accepts, in the namespace and of the image that an overlay names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject, TriggerAuthentication
from cloudcoil.models.prometheus_operator.v1 import PodMonitor, PrometheusRule

from aegis.verbs.maintenance.docs import all_files
from schemas import Topics
from tests.integration.kafka.page_of_rights import rights_of
from tests.unit.deploy.queries import PROMETHEUS, alert_rules
from tests.unit.deploy.rendering import MANIFESTS, WHOLE, Manifest, of_kind, pod_specs, rendered

FOLDERS = (MANIFESTS, WHOLE)
MODELS = {model.__name__: model for model in (ScaledObject, TriggerAuthentication, PodMonitor, PrometheusRule)}
# Their operators publish no schema as a package; checked by hand with kubeconform, strictly, against the definitions of
# Strimzi 1.2 and of CloudNativePG's main branch in August 2026.
WITHOUT_SCHEMA = {"Cluster", "Kafka", "KafkaNodePool", "KafkaUser"}
# The oldest that knows `preStop.sleep`, and the newest that the schemas know.
KUBERNETES = ("1.30", kubernetes_validate.latest_version())
folders = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


@folders
@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_takes_every_document_and_knows_every_field(folder: Path, version: str) -> None:
    for document in rendered(folder):
        if document["kind"] not in WITHOUT_SCHEMA | set(MODELS):
            kubernetes_validate.validate(document, version, strict=True)


def test_operators_know_every_field() -> None:
    """What their models do not know is missing after a round trip."""
    documents = [document for document in rendered(WHOLE) if document["kind"] in MODELS]

    assert {document["kind"] for document in documents} == set(MODELS)
    for document in documents:
        known = MODELS[document["kind"]].model_validate(document)
        assert known.model_dump(mode="json", by_alias=True, exclude_unset=True) == document


@folders
def test_namespace_and_image_follow_the_overlay(folder: Path) -> None:
    overlay = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    (image,) = overlay["images"]
    documents = rendered(folder)

    for document in documents:
        namespace = document["metadata"]["name" if document["kind"] == "Namespace" else "namespace"]
        assert namespace == overlay["namespace"]
    for pod in pod_specs(documents).values():
        for container in [*pod["containers"], *pod.get("initContainers", ())]:
            assert container["image"] == f"{image['newName']}:{image['newTag']}"


def test_whoever_applies_the_folder_can_add_every_component() -> None:
    """They are listed in its kustomization, commented out."""
    text = (MANIFESTS / "kustomization.yaml").read_text(encoding="utf-8")
    listed = re.findall(r"^  # - (components/\S+)", text, re.MULTILINE)

    assert sorted(listed) == [f"components/{path.parent.name}" for path in _components()]
    whole = yaml.safe_load((WHOLE / "kustomization.yaml").read_text(encoding="utf-8"))
    assert whole["components"] == [f"../../{name}" for name in listed], "the example must show them all"


def test_the_operators_alerts_are_those_of_the_file() -> None:
    name = "deploy/kubernetes/components/monitoring/alerts.yaml"
    (resource,) = of_kind(rendered(WHOLE), "PrometheusRule").values()

    assert all_files(MANIFESTS.parents[1])[name] == (MANIFESTS.parents[1] / name).read_text(encoding="utf-8")
    assert [rule for group in resource["spec"]["groups"] for rule in group["rules"]] == alert_rules()


def test_every_job_that_an_alert_asks_for_is_scraped_under_that_name() -> None:
    """By the operator and by the configuration without it; an alert on the absence of a job would fire for ever."""
    asked = {job for rule in alert_rules() for job in re.findall(r'job="(\w+)"', rule["expr"])}
    documents = rendered(WHOLE)
    (monitor,) = of_kind(documents, "PodMonitor").values()
    scraped = {
        pod["labels"][monitor["spec"]["jobLabel"]]
        for pod in pod_specs(documents).values()
        if monitor["spec"]["selector"]["matchLabels"].items() <= pod["labels"].items() and _has_port(pod, "operations")
    }
    alone = yaml.safe_load((PROMETHEUS / "kubernetes.yml").read_text(encoding="utf-8"))["scrape_configs"][0]
    (job,) = [rule for rule in alone["relabel_configs"] if rule.get("target_label") == "job"]

    assert asked <= scraped == {"tagger", "sink", "comparer", "lake", "gateway"}
    meta = "__meta_kubernetes_pod_label_" + re.sub(r"\W", "_", monitor["spec"]["jobLabel"])
    assert job["source_labels"] == [meta]


def test_every_pod_is_within_the_network_policies_and_its_ports_are_open() -> None:
    documents = rendered(WHOLE)
    policies = of_kind(documents, "NetworkPolicy")

    for name, pod in pod_specs(documents).items():
        applied = [item["spec"] for item in policies.values() if _selects(item["spec"]["podSelector"], pod)]
        assert {kind for spec in applied for kind in spec["policyTypes"]} == {"Ingress", "Egress"}, name
        opened = {port["port"] for spec in applied for rule in spec.get("ingress", ()) for port in rule["ports"]}
        assert {port["name"] for item in pod["containers"] for port in item.get("ports", ())} <= opened


@folders
def test_the_services_of_the_settings_may_be_connected_to(folder: Path) -> None:
    (settings,) = of_kind(rendered(folder), "ConfigMap").values()
    egress = of_kind(rendered(WHOLE), "NetworkPolicy")["aegis-egress"]["spec"]["egress"]
    opened = {port["port"] for rule in egress for port in rule["ports"]}
    named = {int(port) for value in settings["data"].values() for port in re.findall(r"\w:(\d+)\b", value)}

    assert named
    assert named <= opened


@folders
def test_every_process_has_an_account_of_its_own_that_may_do_nothing(folder: Path) -> None:
    documents = rendered(folder)
    accounts = of_kind(documents, "ServiceAccount")
    pods = pod_specs(documents)

    assert {name: pod["serviceAccountName"] for name, pod in pods.items()} == {name: name for name in pods}
    assert set(accounts) == set(pods)
    assert not any(item["automountServiceAccountToken"] for item in [*accounts.values(), *pods.values()])


def test_replicas_are_spread_over_zones_and_nodes() -> None:
    for pod in pod_specs(rendered(WHOLE)).values():
        if _has_port(pod, "operations"):
            spread = pod["topologySpreadConstraints"]
            assert [item["topologyKey"].rpartition("/")[2] for item in spread] == ["zone", "hostname"]
            assert all(_selects(item["labelSelector"], pod) for item in spread)


@folders
def test_every_setting_of_the_config_map_exists(folder: Path) -> None:
    settings = all_files(MANIFESTS.parents[1])["docs/settings.md"]
    (config,) = of_kind(rendered(folder), "ConfigMap").values()

    assert [name for name in config["data"] if f"`{name}`" not in settings] == []


@pytest.mark.parametrize(
    ("user", "who"),
    [
        ("tagger", ("tagger",)),
        ("sink", ("sink",)),
        ("comparer", ("comparer",)),
        ("lake", ("lake",)),
        ("gateway", ("gateway that takes verdicts",)),
        ("aegis-setup", ("aegis topics apply", "aegis topics ls")),
    ],
)
def test_a_user_of_kafka_has_the_least_rights_of_the_page(user: str, who: tuple[str, ...]) -> None:
    """That on the cluster is not needed, because the settings name the replication factor."""
    documents = rendered(WHOLE)
    acls = of_kind(documents, "KafkaUser")[user]["spec"]["authorization"]["acls"]
    (settings,) = of_kind(documents, "ConfigMap").values()
    granted = {(acl["resource"]["type"], acl["resource"]["name"], right) for acl in acls for right in acl["operations"]}

    assert settings["data"]["AEGIS_TOPIC_REPLICATION_FACTOR"]
    assert granted == {
        (right.resource, right.name, right.operation)
        for name in who
        for right in rights_of(name)
        if right.resource != "cluster"
    }


def test_a_process_logs_in_to_kafka_as_its_own_user() -> None:
    documents = rendered(WHOLE)
    (settings,) = of_kind(documents, "ConfigMap").values()
    users = of_kind(documents, "KafkaUser")

    for name in users:
        pod = pod_specs(documents)[name]
        container = next(item for item in [*pod.get("initContainers", ()), *pod["containers"]] if _mounts(item))
        secrets = {volume["name"]: volume.get("secret", {}).get("secretName") for volume in pod["volumes"]}
        files = {
            f"{mount['mountPath']}/{key}": (secrets[mount["name"]], key)
            for mount in _mounts(container)
            for key in ("ca.crt", "user.crt", "user.key")
        }
        assert files[settings["data"]["AEGIS_KAFKA_SSL_CAFILE"]] == ("kafka-cluster-ca-cert", "ca.crt")
        assert files[settings["data"]["AEGIS_KAFKA_SSL_CERTFILE"]] == (name, "user.crt")
        assert files[settings["data"]["AEGIS_KAFKA_SSL_KEYFILE"]] == (name, "user.key")


def test_the_users_topics_are_those_of_the_program() -> None:
    acls = [
        acl for user in of_kind(rendered(WHOLE), "KafkaUser").values() for acl in user["spec"]["authorization"]["acls"]
    ]
    known = {spec.name for spec in Topics("").specs(1)}

    assert {acl["resource"]["name"] for acl in acls if acl["resource"]["type"] == "topic"} == known


def _components() -> list[Path]:
    return sorted(MANIFESTS.glob("components/*/kustomization.yaml"))


def _mounts(container: Manifest) -> list[dict[str, Any]]:
    return [mount for mount in container.get("volumeMounts", ()) if mount["name"].startswith("kafka")]


def _has_port(pod: Manifest, name: str) -> bool:
    return any(port["name"] == name for container in pod["containers"] for port in container.get("ports", ()))


def _selects(selector: Manifest, pod: Manifest) -> bool:
    return bool(selector["matchLabels"].items() <= pod["labels"].items())
