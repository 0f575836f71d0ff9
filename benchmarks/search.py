"""Search in a large library by tags, by words and by likeness, through the code that `aegis search` asks through.

    python -m benchmarks.search [--textures 1000000] [--embedded 1000000]

Starts a PostgreSQL of its own with pgvector and makes the library within it, with ten tags a texture. Questions by tags
are those of a texture of the library, so that each has an answer; likeness is asked of its textures, and counted by
how many of the twenty nearest of all it finds. What the indices take is told in bytes a texture.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from pgvector.asyncpg import register_vector

from benchmarks.page.library import DIM, WORDS, make_library
from benchmarks.support.figures import Figure, p95, report
from consumer.searching.finder import Finder, Question
from consumer.storage.postgres.database import connect
from consumer.storage.tables.embeddings import index_condition
from consumer.storage.tables.likeness import LikeQuery, nearest
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.tag_query import TagQuery
from devstack import Stack
from schemas.connections import DatabaseConnection

QUESTIONS: Final = 200
ASKED_EXACTLY: Final = 40
SHOWN: Final = 20
TAGS_GOAL_MS, WORDS_GOAL_MS, LIKENESS_GOAL_MS, RECALL_GOAL = 60.0, 100.0, 20.0, 0.95
_MODEL: Final = "sha256:" + "a" * 64
_TIMES_THE_TAGS: Final = 2


@click.command()
@click.option("--textures", default=1_000_000, show_default=True, help="Textures in the library.")
@click.option("--embedded", default=1_000_000, show_default=True, help="Textures that have an embedding, at most.")
def main(textures: int, embedded: int) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-search-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.start("postgres")
        try:
            (postgres,) = [item for item in stack.components if item.name == "postgres"]
            connection = DatabaseConnection(dsn=postgres.variables(stack.state())["AEGIS_PG_DSN"])
            started = time.perf_counter()
            asyncio.run(
                make_library(connection, textures, min(embedded, textures), _MODEL, (), times_the_tags=_TIMES_THE_TAGS)
            )
            click.echo(f"a library of {textures:,} textures after {time.perf_counter() - started:.0f} s", err=True)
            figures = asyncio.run(_measured(connection, textures))
        finally:
            stack.reset()
    report("search", [Figure("textures", textures, "textures", None, "higher"), *figures])


async def _measured(connection: DatabaseConnection, textures: int) -> list[Figure]:
    rng = random.Random(1)
    session = await connect(connection)
    try:
        await register_vector(session, schema="public")
        figures = await _sizes(session, textures)
        examples = await _examples(session)
        async with await TagReader.open(connection) as reader:
            for count in (1, 4, 8):
                asked = [rng.sample(tags, count) for tags in examples if len(tags) >= count]

                async def by_tags(number: int, asked: list[list[str]] = asked) -> None:
                    assert await reader.search(TagQuery(tuple(asked[number % len(asked)]), limit=SHOWN))

                figures += await _timed(f"tags_{count}", by_tags, TAGS_GOAL_MS)
            finder = Finder(reader, None, None)

            async def by_words(number: int) -> None:
                assert (await finder(Question(WORDS[number % len(WORDS)], limit=SHOWN))).found

            figures += await _timed("words", by_words, WORDS_GOAL_MS)
            return [*figures, *await _likeness(session, reader)]
    finally:
        await session.close()


async def _timed(name: str, ask: Callable[[int], Awaitable[None]], goal_ms: float) -> list[Figure]:
    times_ms = []
    for number in range(QUESTIONS + 1):
        started = time.perf_counter()
        await ask(number)
        times_ms.append((time.perf_counter() - started) * 1000)
    del times_ms[0]
    return [
        Figure(f"{name}_p50", statistics.median(times_ms), "ms", None, "lower"),
        Figure(f"{name}_p95", p95(times_ms), "ms", goal_ms, "lower"),
        Figure(f"{name}_slowest", max(times_ms), "ms", None, "lower"),
    ]


async def _examples(session: Any) -> list[list[str]]:
    """Return the tags of some textures, picked at random."""
    rows = await session.fetch(
        "SELECT array_agg(DISTINCT tag) AS tags "
        "FROM (SELECT asset_id FROM assets ORDER BY random() LIMIT $1) AS picked JOIN asset_tags USING (asset_id) "
        "GROUP BY asset_id",
        2 * QUESTIONS,
    )
    return [list(row["tags"]) for row in rows]


async def _sizes(session: Any, textures: int) -> list[Figure]:
    tags = await session.fetchval("SELECT count(*) FROM asset_tags")
    rows = await session.fetch(
        "SELECT relname, pg_table_size(relid) AS rows_bytes, pg_indexes_size(relid) AS indices_bytes "
        "FROM pg_stat_user_tables WHERE relname IN ('assets', 'asset_tags', 'embeddings') ORDER BY relname"
    )
    figures = [Figure("tags_per_texture", tags / textures, "tags", None, "higher")]
    for row in rows:
        for part in ("rows", "indices"):
            name = f"{row['relname']}_{part}"
            figures.append(Figure(name, row[f"{part}_bytes"] / textures, "bytes a texture", None, "lower"))
    return figures


async def _likeness(session: Any, reader: TagReader) -> list[Figure]:
    rows = await session.fetch("SELECT embedding FROM embeddings ORDER BY random() LIMIT $1", QUESTIONS + 1)
    asked = [np.asarray(row["embedding"].to_numpy(), np.float32) for row in rows]

    async def alike(number: int) -> None:
        assert await nearest(reader, LikeQuery(asked[number], _MODEL, SHOWN))

    figures = await _timed("likeness", alike, LIKENESS_GOAL_MS)
    found = 0
    for embedding in asked[:ASKED_EXACTLY]:
        truth = await session.fetch(
            # "+ 0": compared with all, not through the index.
            "SELECT asset_id FROM embeddings JOIN (SELECT asset_id, sha256 FROM assets) AS asset USING (sha256) "  # noqa: S608
            f"WHERE {index_condition(_MODEL, DIM)} ORDER BY (embedding OPERATOR(public.<=>) $1) + 0 LIMIT $2",
            embedding.astype(np.float16),
            SHOWN,
        )
        found += len(
            {row["asset_id"] for row in truth} & (await nearest(reader, LikeQuery(embedding, _MODEL, SHOWN))).keys()
        )
    return [*figures, Figure("likeness_recall_at_20", found / (SHOWN * ASKED_EXACTLY), "", RECALL_GOAL, "higher")]


if __name__ == "__main__":
    main()
