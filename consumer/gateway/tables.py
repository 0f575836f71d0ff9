"""What the tables say, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import QueryParams

from consumer.findings.registry import check_named
from consumer.gateway.refusals import RefusedError, away
from consumer.searching.finder import Finder, Found, LikeUnknownError
from consumer.searching.finder import Question as Asked
from consumer.searching.meaning import unknown_tags
from consumer.storage.errors import DatabaseError, RowRejectedError
from consumer.storage.tables.duplicates.relations import related_assets
from consumer.storage.tables.reads import CurrentTag, Match, TagReader
from consumer.storage.tables.search.filters import AGAIN, Said, SearchFilter
from consumer.storage.tables.search.tag_query import Page, TagQuery
from schemas.base import MAX_INTEGER
from schemas.http import AssetTags, FoundAsset, SearchAnswer, StoredFinding, StoredRelative, StoredTag
from schemas.wire import explain

# More than any ranking is deep.
_OFFSET_DIGITS = 6
_MOST_RELATED = 100
_NO_DATABASE = "this gateway has no database to search: set AEGIS_PG_DSN"


class _Question(BaseModel):
    """A search as its query string says it; numbers come as texts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    q: str | None = Field(default=None, max_length=400)
    like: str | None = Field(default=None, max_length=512)
    tag: tuple[str, ...] = Field(default=(), max_length=16)
    finding: tuple[str, ...] = Field(default=(), max_length=16)
    category: str | None = None
    text: str | None = None
    min_confidence: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)
    folder: str | None = None
    game: str | None = None
    min_side: int | None = Field(default=None, ge=1, le=MAX_INTEGER)
    max_side: int | None = Field(default=None, ge=1, le=MAX_INTEGER)
    said: Said | None = None
    relation: str | None = None
    model: str | None = None
    limit: int = Field(default=20, ge=1, le=1000)
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Tables:
    """``reader`` and ``finder`` None: no database is set."""

    reader: TagReader | None
    finder: Finder | None = None

    async def asset(self, asset_id: str) -> AssetTags:
        """Return what is known of an asset; raises RefusedError."""
        with database_refusals():
            detail = await self.open().asset(asset_id)
            if detail is None:
                raise RefusedError(404, "no such asset is stored: it was not tagged yet, or was removed")
            related = await related_assets(self.open(), asset_id, _MOST_RELATED)
        fields = detail.fields
        return AssetTags(
            asset_id=asset_id,
            bucket=fields["bucket"],
            object_key=fields["object_key"],
            width=fields["width"],
            height=fields["height"],
            model=fields["model_id"],
            taxonomy=f"{fields['taxonomy_id']} {fields['taxonomy_version']}",
            extracted_at=fields["extracted_at"],
            tagged_at=fields["tagged_at"],
            tags=tuple(_stored(tag) for tag in detail.tags),
            findings=_findings(fields["findings"]),
            related=tuple(
                StoredRelative(asset_id=item.asset_id, relation=item.relation, said_of=item.said_of) for item in related
            ),
        )

    async def search(self, parameters: QueryParams) -> SearchAnswer:
        """Return one page; raises RefusedError."""
        question = _question(parameters)
        if question.q or question.like:
            return await self._find(question)
        query = _query(question)
        with database_refusals():
            matches = await self.open().search(query)
        last = matches[-1].page if len(matches) == query.limit else None
        return SearchAnswer(
            assets=tuple(_asset_of(match) for match in matches),
            notes=unknown_tags(question.tag, None if self.finder is None else self.finder.vocabulary),
            next=None if last is None else f"{last.confidence!r}:{last.asset_id}",
        )

    async def _find(self, question: _Question) -> SearchAnswer:
        if self.finder is None:
            raise RefusedError(501, _NO_DATABASE)
        offset = _offset(question.after)
        where = replace(_filter(question), tags=question.tag, category=question.category)
        asked = Asked(question.q or "", question.like, where, question.limit, offset)
        try:
            with database_refusals():
                findings = await self.finder(asked)
        except LikeUnknownError as error:
            raise RefusedError(404, str(error)) from error
        return SearchAnswer(
            assets=tuple(map(_asset_found, findings.found)),
            notes=findings.notes,
            next=str(offset + question.limit) if findings.more else None,
        )

    def open(self) -> TagReader:
        """Return the reader; raises RefusedError where no database is set."""
        if self.reader is None:
            raise RefusedError(501, _NO_DATABASE)
        return self.reader


def _question(parameters: QueryParams) -> _Question:
    lists = {name: tuple(parameters.getlist(name)) for name in ("tag", "finding")}
    try:
        return _Question.model_validate({**dict(parameters), **lists})
    except ValidationError as error:
        raise RefusedError(422, explain(error)) from error


def _filter(question: _Question) -> SearchFilter:
    try:
        findings = tuple(check_named(word).name for word in question.finding)
    except ValueError as error:
        raise RefusedError(422, f"finding: {error}") from error
    if question.relation is not None and question.relation not in AGAIN:
        raise RefusedError(422, f"relation is not one of {', '.join(AGAIN)}")
    return SearchFilter(
        min_confidence=question.min_confidence,
        folder=question.folder,
        game=question.game,
        min_side=question.min_side,
        max_side=question.max_side,
        said=question.said,
        model=question.model,
        findings=findings,
        relation=question.relation,
    )


def _query(question: _Question) -> TagQuery:
    where = _filter(question)
    if not (question.tag or question.category or question.text) and where.is_empty:
        raise RefusedError(422, "say what to look for: q, like, tag, category, text, or another filter (see /docs)")
    return TagQuery(
        question.tag,
        question.category,
        question.min_confidence,
        question.text,
        question.limit,
        _page(question.after),
        where,
    )


def _offset(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > _OFFSET_DIGITS:
        raise RefusedError(422, "after is not a page: copy it from next of the answer before")
    return int(text)


def _page(text: str | None) -> Page | None:
    if text is None:
        return None
    confidence, colon, asset_id = text.partition(":")
    try:
        page = Page(float(confidence), asset_id)
    except ValueError:
        page = None
    if page is None or not colon or not 0 <= page.confidence <= 1:
        raise RefusedError(422, "after is not a page: copy it from next of the answer before")
    return page


@contextmanager
def database_refusals() -> Iterator[None]:
    """Raise RefusedError in place of the database's errors."""
    try:
        yield
    except RowRejectedError as error:
        raise RefusedError(422, "a text holds a character that no stored text can hold") from error
    except DatabaseError as error:
        raise away("the database does not answer: send it again in a moment") from error


def _asset_of(match: Match) -> FoundAsset:
    asset = match.asset
    return FoundAsset(
        asset_id=asset.asset_id,
        confidence=round(match.confidence, 6),
        bucket=asset.bucket,
        object_key=asset.object_key,
        width=asset.width,
        height=asset.height,
        tags=tuple(_stored(tag) for tag in asset.tags),
        findings=asset.findings,
    )


def _asset_found(found: Found) -> FoundAsset:
    asset = found.asset
    return FoundAsset(
        asset_id=asset.asset_id,
        confidence=max((tag.confidence for tag in asset.tags), default=0.0),
        bucket=asset.bucket,
        object_key=asset.object_key,
        width=asset.width,
        height=asset.height,
        tags=tuple(_stored(tag) for tag in asset.tags),
        findings=asset.findings,
        evidences=found.evidences,
        similarity=None if found.similarity is None else round(found.similarity, 6),
    )


def _findings(found: Sequence[Mapping[str, Any]] | None) -> tuple[StoredFinding, ...] | None:
    return None if found is None else tuple(StoredFinding(**{"value": None, **finding}) for finding in found)


def _stored(tag: CurrentTag) -> StoredTag:
    return StoredTag(
        tag=tag.tag,
        category=tag.category,
        confidence=tag.confidence,
        source="human" if tag.source == "human" else "model",
        source_model=tag.source_model,
        verdict=tag.verdict,
    )
