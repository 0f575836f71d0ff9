"""Which assets a search may find at all, as conditions of SQL."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from consumer.storage.tables.duplicates.again import ANY, is_again
from consumer.storage.tables.search.holding import has_tag

Said = Literal["confirmed", "rejected", "added", "any", "none"]
SAID: Final[tuple[Said, ...]] = ("confirmed", "rejected", "added", "any", "none")
# The relations of an event, told anew because help must not import schemas; any: it is there again in whatever way.
AGAIN: Final = (
    *(ANY, "identical", "recompressed", "mip-of", "resized", "cropped", "padded"),
    *("alpha-differs", "flipped", "rotated", "recoloured"),
)


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """All of it must hold; what is not given does not matter.

    ``tags`` and ``category``: with ``min_confidence`` or more, now. ``folder``: one or several folders in a row of the
    asset's path. ``min_side``, ``max_side``: pixels of the longer side. ``said``: what people said of
    one of its tags. ``model``: id or digest. ``findings``: names of what must be wrong with it, all of them.
    ``relation``: what it must be of another asset, or the other of it, one of AGAIN. ``asset_ids``: those alone.
    """

    tags: tuple[str, ...] = ()
    category: str | None = None
    min_confidence: float = 0.0
    folder: str | None = None
    game: str | None = None
    min_side: int | None = None
    max_side: int | None = None
    said: Said | None = None
    model: str | None = None
    findings: tuple[str, ...] = ()
    relation: str | None = None
    asset_ids: tuple[str, ...] | None = None

    @property
    def is_empty(self) -> bool:
        return self == replace(EVERYTHING, min_confidence=self.min_confidence)

    def conditions(self, arguments: Arguments, asset: str = "asset") -> list[str]:
        """Return the conditions on a row of assets that goes by the name ``asset``."""
        found = [has_tag(asset, f"tag = {arguments.add(tag)}", arguments.add(self.min_confidence)) for tag in self.tags]
        if self.category is not None:
            found.append(
                has_tag(asset, f"category = {arguments.add(self.category)}", arguments.add(self.min_confidence))
            )
        if self.folder is not None:
            path = arguments.add(f"%/{like_escaped(self.folder.strip('/'))}/%")
            found.append(f"'/' || {asset}.asset_id ILIKE {path}")
        if self.game is not None:
            game, path = arguments.add(self.game), arguments.add(f"{like_escaped(self.game)}/%")
            found.append(f"({asset}.source ->> 'game' = {game} OR {asset}.asset_id ILIKE {path})")
        if self.min_side is not None:
            found.append(f"greatest({asset}.width, {asset}.height) >= {arguments.add(self.min_side)}::integer")
        if self.max_side is not None:
            found.append(f"greatest({asset}.width, {asset}.height) <= {arguments.add(self.max_side)}::integer")
        if self.model is not None:
            model = arguments.add(self.model)
            found.append(f"{model} IN ({asset}.model_id, {asset}.model_digest)")
        if self.asset_ids is not None:
            found.append(f"{asset}.asset_id = ANY({arguments.add(list(self.asset_ids))}::text[])")
        if self.findings:
            found.append(f"{asset}.finding_names @> {arguments.add(list(self.findings))}::text[]")
        if self.relation is not None:
            found.append(is_again(arguments, asset, self.relation))
        return found + ([] if self.said is None else [self._said(arguments, asset)])

    def of_found(self, arguments: Arguments) -> list[str]:
        """Return them as conditions on the asset of a row that goes by the name ``found``."""
        conditions = " AND ".join(self.conditions(arguments))
        # A scalar subquery, because the planner turns an EXISTS into a join that no order leads.
        of_asset = "SELECT true FROM {schema}.assets AS asset WHERE asset.asset_id = found.asset_id AND "
        return [f"({of_asset}{conditions})"] if conditions else []

    def _said(self, arguments: Arguments, asset: str) -> str:
        verdict = "" if self.said in {"any", "none"} else f"AND said.verdict = {arguments.add(self.said)} "
        spoken = (
            f"SELECT FROM {{schema}}.asset_tags AS said WHERE said.source = 'human' "
            f"AND said.asset_id = {asset}.asset_id {verdict}"
        )
        return f"{'NOT ' if self.said == 'none' else ''}EXISTS ({spoken})"


EVERYTHING: Final = SearchFilter()


@dataclass(slots=True)
class Arguments:
    """The values of a statement, each by its placeholder."""

    values: list[object] = field(default_factory=list)

    def add(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


def like_escaped(text: str) -> str:
    """Return the text so that LIKE takes it literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
