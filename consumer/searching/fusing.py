"""Several rankings made one, by reciprocal ranks: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

# As in Cormack, Clarke and Buettcher (SIGIR 2009), who introduced it: how much the first places count for more.
_DAMPING: Final = 60


Evidence = Literal["name", "tag", "looks"]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ids, best first, of one kind of evidence; ``weight`` is what its word counts for beside the others'."""

    evidence: Evidence
    asset_ids: Sequence[str]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What a part of a question found; ``near`` are words that no name holds, with what they may stand for.

    ``meant`` is the question with these.
    """

    rankings: tuple[Ranking, ...]
    near: Mapping[str, str] = field(default_factory=dict)
    meant: str = ""


@dataclass(frozen=True, slots=True)
class Fused:
    """An id with its score, and the share in it of each evidence that found it."""

    asset_id: str
    score: float
    shares: Mapping[Evidence, float]

    @property
    def evidences(self) -> tuple[Evidence, ...]:
        """The evidences, most telling first."""
        return tuple(sorted(self.shares, key=lambda evidence: (-self.shares[evidence], evidence)))


def fuse(rankings: Sequence[Ranking]) -> list[Fused]:
    """Return every id once, highest score first; of equal scores in the order of the ids.

    What several rankings of one evidence say adds up: a name that holds all words holds each of them, too.
    """
    shares: dict[str, dict[Evidence, float]] = {}
    for ranking in rankings:
        for place, asset_id in enumerate(dict.fromkeys(ranking.asset_ids), start=1):
            mine = shares.setdefault(asset_id, {})
            mine[ranking.evidence] = mine.get(ranking.evidence, 0.0) + ranking.weight / (_DAMPING + place)
    fused = [Fused(asset_id, sum(mine.values()), mine) for asset_id, mine in shares.items()]
    return sorted(fused, key=lambda item: (-item.score, item.asset_id))
