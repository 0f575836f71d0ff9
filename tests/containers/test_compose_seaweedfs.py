"""`make compose-test`, its second half: the same system with SeaweedFS in MinIO's place, by one line in .env."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from testkit.running import new_asset_id, texture
from tests.containers.composed import Composed, copied
from tests.containers.docker import require
from tests.containers.readme import production_blocks
from tests.containers.standins import BASE_IMAGE

pytestmark = pytest.mark.containers


@pytest.fixture(scope="module")
def composed(have_image: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    require(compose=True)
    system = copied(tmp_path_factory.mktemp("checkout"))
    have_image(BASE_IMAGE)
    build, secrets, up = production_blocks()[0].splitlines()
    try:
        system.shell(f"{build}\n{secrets}")
        with (system.folder / ".env").open("a") as env:
            env.write("COMPOSE_FILE=docker-compose.yml:deploy/seaweedfs.yml\n")
        for name in set(system.compose("config", "--images").split()) - {"aegis-tagger"}:
            have_image(name)
        system.shell(up)
        yield system
    finally:
        system.compose("--profile", "*", "down", "--volumes", "--timeout", "5")


async def test_objects_are_tagged_from_seaweedfs_and_outlast_it(composed: Composed) -> None:
    """One before and one after the store's container was made anew, of the same object."""
    assert "seaweedfs" in composed.compose("ps", "--format", "{{.Image}}", "store")
    pipeline = composed.pipeline()
    reference = pipeline.upload(texture(1, size=256))
    first, second = (pipeline.event(new_asset_id("compose"), reference) for _ in range(2))

    await pipeline.publish(first)
    assert await pipeline.stored(first.asset_id)
    composed.compose("up", "--detach", "--wait", "--force-recreate", "--no-deps", "store")
    await pipeline.publish(second)

    assert await pipeline.stored(second.asset_id)
