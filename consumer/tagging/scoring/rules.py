"""One category laid out for numpy: where its vectors lie, what its tags must reach, and who speaks for them."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.bundle import TextVectors
from consumer.tagging.bundle.calibration import CategoryCalibration, PromisedSet
from consumer.tagging.bundle.taxonomy import Category
from consumer.tagging.scoring.publication import base_rates, log_odds, publication_bounds

PIXELS: Final = "pixels"
NAMES: Final = "names"
Array = NDArray[np.float64]


@dataclass(frozen=True)
class CategoryRule:
    """What one category needs; `rows` and `background_rows` are its places in the stacked matrix of all vectors.

    `by_picture`: what the embedding speaks for, by a vector or, of one's own tags, by what verdicts taught.
    """

    spec: Category
    source: str
    names: tuple[str, ...]
    has_vector: NDArray[np.bool_]
    by_picture: NDArray[np.bool_]
    has_test: NDArray[np.bool_]
    rows: slice
    background_rows: slice
    fitted: CategoryCalibration | None

    @classmethod
    def of(
        cls,
        spec: Category,
        vectors: TextVectors,
        fitted: CategoryCalibration | None,
        *,
        source: str,
        first_row: int,
        taught: Container[str] = (),
    ) -> CategoryRule:
        """Lay out a category whose vectors begin at `first_row`; `source` is the model's name, as tags carry it."""
        names = tuple(spec.tags)
        middle = first_row + len(vectors.names)
        return cls(
            spec=spec,
            source=source,
            names=names,
            has_vector=np.array([name in vectors.names for name in names]),
            by_picture=np.array([name in vectors.names or name in taught for name in names]),
            has_test=np.array([spec.evidence_of(name) in {"pixels", "both"} for name in names]),
            rows=slice(first_row, middle),
            background_rows=slice(middle, middle + len(vectors.background)),
            fitted=fitted,
        )

    @property
    def end(self) -> int:
        return int(self.background_rows.stop)

    @cached_property
    def shown(self) -> NDArray[np.object_]:
        """The names that events carry, [tags]."""
        return np.array([self.spec.shown_name(name) for name in self.names], object)

    @cached_property
    def rates(self) -> Array:
        """The base rates, rounded as events carry them, [tags]; nan where there is none."""
        return base_rates(self.spec, self.fitted).round(4)

    @cached_property
    def prior_odds(self) -> Array:
        return log_odds(self.rates)

    @property
    def promised(self) -> PromisedSet | None:
        return self.fitted.promised if self.fitted else None

    def bounds(self, threshold: float | None) -> Array:
        """Return what each confidence must reach, [tags]; `threshold` replaces the taxonomy's rules."""
        return self._own_bounds if threshold is None else publication_bounds(self.spec, self.fitted, threshold)

    @cached_property
    def _own_bounds(self) -> Array:
        return publication_bounds(self.spec, self.fitted)

    @cached_property
    def speakers(self) -> NDArray[np.object_]:
        """Who is named for a tag, [tags, alone, named, tested]: looked up, because corpora ask often."""
        said = np.empty((len(self.names), 2, 2, 2), object)
        for at, alone, named, tested in np.ndindex(said.shape):
            said[at, alone, named, tested] = self._source_of(
                at, alone=bool(alone), named=bool(named), tested=bool(tested)
            )
        return said

    def _source_of(self, at: int, *, alone: bool, named: bool, tested: bool) -> str:
        """Name who speaks for a tag: what reaches its threshold alone, or all that together do; joined by a plus."""
        said = []
        if alone or not named:
            if self.by_picture[at]:
                said.append(self.source)
            if tested or (self.has_test[at] and not self.by_picture[at]):
                said.append(PIXELS)
        if named or not said:
            said.append(NAMES)
        return "+".join(said)
