"""Two deployments on one cluster, told apart by nothing but their prefix."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from testkit.corner import make_corner
from testkit.running import Pipeline, new_asset_id, texture

# As Kubernetes calls the first pod of every StatefulSet of this name.
POD = {"AEGIS_STREAM_GROUP_INSTANCE_ID": "tagger-0"}


@pytest.fixture
def deployments(stack_environment: Mapping[str, str], tmp_path: Path) -> Iterator[tuple[Pipeline, Pipeline]]:
    made = (make_corner(stack_environment, tmp_path), make_corner(stack_environment, tmp_path))
    yield made
    for deployment in made:
        deployment.end()


async def test_members_of_one_name_get_their_own_deployments_partitions(
    deployments: tuple[Pipeline, Pipeline],
) -> None:
    taggers = [deployment.service("tagger", **POD) for deployment in deployments]
    for tagger in taggers:
        tagger.start()
    for deployment in deployments:
        asset_id = new_asset_id("shared")
        await deployment.publish(deployment.event(asset_id, deployment.upload(texture(3))))
        (tagged,) = await deployment.tagged(asset_id)
        assert tagged.asset_id == asset_id

    assert [await asyncio.to_thread(tagger.stop) for tagger in taggers] == [0, 0]
