"""Equal content is recalled: whole from memory, its embedding alone from a lookup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from consumer.concurrency.lookups import BatchedLookup
from consumer.services.reuse import Reuse
from consumer.tagging.pipeline import ImageFacts
from schemas import ImageInfo

FACTS = ImageFacts(ImageInfo(width=4, height=4, mode="RGB"), {"color_palettes": {"dark": 0.5}})
VECTOR = np.array([0.6, 0.8], np.float16)


async def test_the_newest_are_remembered_and_used_ones_are_new_again() -> None:
    origins: list[str] = []
    reuse = Reuse(entries=2, on_embedding=origins.append)
    for name in ("a", "b"):
        reuse.remember(name, VECTOR.astype(np.float32), FACTS)
    await reuse.recall("a")
    reuse.remember("c", VECTOR, FACTS)

    found = {name: await reuse.recall(name) for name in ("a", "b", "c")}

    assert [name for name, known in found.items() if known is None] == ["b"]
    assert found["a"] is not None
    assert found["a"].facts == FACTS
    assert found["a"].vector.dtype == np.float16
    assert found["a"].vector.tolist() == VECTOR.tolist()
    assert origins == ["memory", "memory", "inferred", "memory"]


async def test_what_memory_does_not_hold_is_looked_up() -> None:
    """Only its embedding is known then."""
    asked: list[str] = []
    origins: list[str] = []

    async def find(keys: Sequence[str]) -> Mapping[str, npt.NDArray[np.float16]]:
        asked.extend(keys)
        return {"stored": VECTOR}

    reuse = Reuse(entries=1, lookup=BatchedLookup(find), on_embedding=origins.append)
    reuse.remember("here", VECTOR, FACTS)

    await reuse.recall("here")
    stored = await reuse.recall("stored")

    assert asked == ["stored"]
    assert stored is not None
    assert stored.facts is None
    assert await reuse.recall("nowhere") is None
    assert origins == ["memory", "database", "inferred"]


async def test_without_memory_nothing_is_remembered() -> None:
    reuse = Reuse()
    reuse.remember("a", VECTOR, FACTS)

    assert await reuse.recall("a") is None
