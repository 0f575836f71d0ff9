"""What to look at first: the textures whose verdicts teach most, and how often people agreed so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from consumer.storage.tables.facets import Library
from consumer.storage.tables.reads import TagReader
from consumer.tagging.bundle.taught import Taught
from consumer.tagging.bundle.teachable import Teachable

SURE: Final = 0.7
_Z: Final = 1.96

_AGREED: Final = f"""
SELECT count(*) FILTER (WHERE said.verdict = 'confirmed') AS agreed, count(*) AS judged
FROM {{schema}}.asset_tags AS said
JOIN {{schema}}.asset_tags AS found USING (asset_id, category, tag)
WHERE said.source = 'human' AND said.verdict <> 'added' AND found.source = 'model' AND found.confidence >= {SURE}
"""  # noqa: S608 - a number of our own
# Of an asset that another model tagged, or that is not there, nothing can be learned; nor of what pixels alone tell.
_STANDING: Final = """
SELECT count(*) FROM {schema}.asset_tags AS said JOIN {schema}.assets AS asset USING (asset_id)
WHERE said.source = 'human' AND asset.model_digest = $1
  AND (said.category, said.tag) IN (SELECT * FROM unnest($2::text[], $3::text[]))
"""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of the tags with a confidence of 0.7 or more people judged, and how many of those they confirmed.

    ``standing``: how many verdicts hold now that can teach the model.
    """

    agreed: int
    judged: int
    standing: int = 0

    @property
    def sentence(self) -> str:
        """Return the share that was right with its interval at 95% confidence (Wilson's), empty without verdicts."""
        if not self.judged:
            return ""
        low, high = wilson(self.agreed, self.judged)
        return (
            f"{self.judged} verdicts on tags of {SURE:.0%} or surer: {self.agreed / self.judged:.0%} are right "
            f"({low:.0%} to {high:.0%})"
        )

    def gain(self, taught: Taught | None) -> str:
        """Return what verdicts have brought the model, and how many it has not learned of; empty without verdicts."""
        since = self.standing - (taught.verdicts if taught else 0)
        new = f"{since} {'more ' if taught else ''}verdicts wait to teach the model" if since > 0 else ""
        return "; ".join(filter(None, (taught.sentence if taught else "", new)))


def review_queue(
    library: Library, tags: Sequence[str], most: int, findings: Sequence[str] = (), relation: str = ""
) -> list[str]:
    """Return the textures of the sample in the order of what a verdict on their guesses would teach.

    A guess teaches by how unsure it is, p (1 - p), and by how many textures its tag is on, as a logarithm: who corrects
    a frequent tag corrects the model where it is used.
    """
    sample = library.sample
    rows = sample.guesses & sample.having(tags, 0.0, findings, relation)[sample.assets]
    frequency = np.array(
        [math.log1p(library.steps[name].sum()) if name in library.steps else 0 for name in sample.names]
    )
    confidences = sample.confidences[rows].astype(np.float64)
    teaches = confidences * (1 - confidences) * frequency[sample.tags[rows]]
    gain = np.bincount(sample.assets[rows], weights=teaches, minlength=len(sample.asset_ids))
    order = np.argsort(-gain, kind="stable")[:most]
    return [sample.asset_ids[number] for number in order if gain[number] > 0]


async def agreement(reader: TagReader, teachable: Teachable) -> Agreement:
    """Compare what people said with what the model had said; raises DatabaseError."""
    async with reader.session() as session:
        row = await session.fetchrow(session.sql(_AGREED))
        categories, tags = [category for category, _ in teachable.tags], [tag for _, tag in teachable.tags]
        standing = await session.fetchval(session.sql(_STANDING), teachable.model_digest, categories, tags)
    return Agreement(row["agreed"], row["judged"], standing)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the bounds of a share, at 95% confidence."""
    share, weight = hits / of, _Z**2 / of
    middle = (share + weight / 2) / (1 + weight)
    half = _Z * math.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2)) / (1 + weight)
    # To the last bit: of no hits the lower bound is 0, which sums of floats may miss.
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))
