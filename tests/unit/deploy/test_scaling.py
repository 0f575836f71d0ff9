"""KEDA scales the taggers to numbers that share the partitions evenly, and to no other on the way."""

from __future__ import annotations

import math
from typing import Any

import pytest

from schemas.connections import TopicSettings
from tests.unit.deploy.rendering import WHOLE, of_kind, rendered

PARTITIONS = TopicSettings.model_fields["partitions"].default
EVEN = [pods for pods in range(1, PARTITIONS + 1) if PARTITIONS % pods == 0]


def _spec() -> dict[str, Any]:
    spec: dict[str, Any] = of_kind(rendered(WHOLE), "ScaledObject")["tagger"]["spec"]
    return spec


def _trigger() -> dict[str, str]:
    (trigger,) = _spec()["triggers"]
    metadata: dict[str, str] = trigger["metadata"]
    return metadata


def _next(pods: int, desired: int, behavior: dict[str, Any]) -> int:
    """Return the number of pods after one period, as the HorizontalPodAutoscaler limits it."""
    policies = behavior["scaleUp" if desired > pods else "scaleDown"]["policies"]
    step = max(
        policy["value"] if policy["type"] == "Pods" else math.ceil(pods * policy["value"] / 100) for policy in policies
    )
    return int(min(desired, pods + step) if desired > pods else max(desired, pods - step))


@pytest.mark.parametrize("start", EVEN)
@pytest.mark.parametrize("desired", EVEN)
def test_no_number_on_the_way_shares_the_partitions_unevenly(start: int, desired: int) -> None:
    """With steps of +3 and -2 there were 7, 8 and 10 pods for minutes each."""
    behavior = _spec()["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    pods, visited = start, [start]
    while pods != desired:
        pods = _next(pods, desired, behavior)
        visited.append(pods)

    assert set(visited) <= set(EVEN)


def test_it_scales_as_far_as_there_are_partitions() -> None:
    assert _trigger()["ensureEvenDistributionOfPartitions"] == "true"
    assert 1 <= _spec()["minReplicaCount"] < _spec()["maxReplicaCount"] == PARTITIONS


def test_it_reads_the_lag_of_the_group_as_the_taggers_do() -> None:
    documents = rendered(WHOLE)
    (settings,) = of_kind(documents, "ConfigMap").values()

    assert _trigger()["consumerGroup"] == TopicSettings().topics.tagger_group
    assert _trigger()["topic"] == TopicSettings().topics.extracted
    assert _trigger()["offsetResetPolicy"] == "earliest"
    assert settings["data"][_trigger()["bootstrapServersFromEnv"]]


def test_an_apply_does_not_take_back_what_it_scaled() -> None:
    assert "replicas" not in of_kind(rendered(WHOLE), "StatefulSet")["tagger"]["spec"]
