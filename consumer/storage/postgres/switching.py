"""Making another schema's tables the current ones, in one transaction: blue and green.

Running sinks and gateways need no word of it: their statements hold the schema's name, which PostgreSQL resolves
anew once a schema was renamed, for prepared statements too. Writers are held off by locks while it happens, so that
none of their transactions begins in one schema and ends in the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from consumer.storage.errors import DatabaseError
from consumer.storage.postgres.database import connect
from consumer.storage.postgres.pg_errors import pg_errors_translated
from consumer.storage.postgres.schema_version import check_schema
from consumer.storage.tables.places import JOINED_REMOVALS, behind
from consumer.storage.tables.tags import ASSET_COLUMNS
from consumer.storage.tables.verdicts import JOINED_WORDS, newest_words
from schemas.connections import DatabaseConnection

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Connection

# More than this missing is no straggler, but a replay or a sink that has not ended.
_MISSING_SHARE: Final = 0.1


class SwitchError(DatabaseError):
    """The switch would not do what was meant; nothing was changed, and one sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Switch:
    """``incoming`` becomes ``current``, and what was that is kept as ``outgoing``; all are names of schemas."""

    current: str
    incoming: str
    outgoing: str

    def __post_init__(self) -> None:
        if "public" in {self.current, self.incoming, self.outgoing}:
            raise SwitchError("the schema public holds pgvector and cannot be renamed: use schemas of your own")
        if len({self.current, self.incoming, self.outgoing}) < 3:
            raise SwitchError(f"{self.current}, {self.incoming} and {self.outgoing} must be three different schemas")


@dataclass(frozen=True, slots=True)
class Difference:
    """What the incoming tables hold, and what they lack of the current ones.

    ``missing`` assets are not there at all, of ``older`` ones there is a newer extraction; both are carried over, as
    are ``verdicts``, all that people said. ``made_by``: models and taxonomies of the incoming rows with their counts.
    """

    assets: int
    current_assets: int
    missing: int
    older: int
    verdicts: int
    made_by: tuple[tuple[str, int], ...]


_DIFFERENCE: Final = """
SELECT (SELECT count(*) FROM {incoming}.assets) AS assets,
       (SELECT count(*) FROM {current}.assets) AS current_assets,
       (SELECT count(*) FROM {current}.asset_tags WHERE source = 'human') AS verdicts,
       count(*) FILTER (WHERE theirs.asset_id IS NULL) AS missing,
       count(*) FILTER (WHERE theirs.extracted_at < ours.extracted_at) AS older
FROM {current}.assets AS ours LEFT JOIN {incoming}.assets AS theirs USING (asset_id)
"""
_MADE_BY: Final = """
SELECT model_id || ' ' || model_precision || ', ' || taxonomy_id || ' ' || taxonomy_version AS name, count(*)
FROM {incoming}.assets GROUP BY 1 ORDER BY 2 DESC, 1
"""
# In the order in which the sink's transactions come to them, which no deadlock can come of.
_LOCK: Final = """
LOCK TABLE {current}.removed_assets, {current}.assets, {current}.verdicts, {current}.asset_tags,
           {incoming}.removed_assets, {incoming}.assets, {incoming}.verdicts, {incoming}.asset_tags IN EXCLUSIVE MODE
"""
_STEPS: Final = (
    # What was removed stays removed.
    """
    INSERT INTO {incoming}.removed_assets AS removed SELECT * FROM {current}.removed_assets
    ON CONFLICT (asset_id) DO UPDATE SET JOINED_REMOVALS
    """.replace("JOINED_REMOVALS", JOINED_REMOVALS),
    """
    WITH gone AS (
        DELETE FROM {incoming}.assets AS asset USING {incoming}.removed_assets AS removed
        WHERE asset.asset_id = removed.asset_id AND asset.extracted_at <= removed.removed_at AND NOT BEHIND
        RETURNING asset.asset_id
    )
    DELETE FROM {incoming}.asset_tags WHERE source = 'model' AND asset_id IN (SELECT asset_id FROM gone)
    """.replace("BEHIND", behind("asset", "removed")),
    # What is not there, or was extracted again.
    """
    CREATE TEMPORARY TABLE carried_over ON COMMIT DROP AS
    SELECT ours.* FROM {current}.assets AS ours
    LEFT JOIN {incoming}.assets AS theirs USING (asset_id)
    LEFT JOIN {incoming}.removed_assets AS removed USING (asset_id)
    WHERE (theirs.asset_id IS NULL OR theirs.extracted_at < ours.extracted_at)
      AND (removed.asset_id IS NULL OR removed.removed_at < ours.extracted_at OR BEHIND)
    """.replace("BEHIND", behind("ours", "removed")),
    "DELETE FROM {incoming}.assets WHERE asset_id IN (SELECT asset_id FROM carried_over)",
    "DELETE FROM {incoming}.asset_tags WHERE source = 'model' AND asset_id IN (SELECT asset_id FROM carried_over)",
    # By name: what is computed from the others is not given.
    (
        f"INSERT INTO {{incoming}}.assets ({ASSET_COLUMNS}, stored_at) "  # noqa: S608 - column names of our own
        f"SELECT {ASSET_COLUMNS}, stored_at FROM carried_over"
    ),
    """
    INSERT INTO {incoming}.asset_tags SELECT tags.* FROM {current}.asset_tags AS tags
    JOIN carried_over USING (asset_id) WHERE tags.source = 'model'
    """,
    """
    INSERT INTO {incoming}.embeddings_incoming (sha256, model_digest, precision, embedding)
    SELECT sha256, model_digest, precision, embedding FROM (
        SELECT sha256, model_digest, precision, embedding FROM {current}.embeddings UNION ALL
        SELECT sha256, model_digest, precision, embedding FROM {current}.embeddings_incoming
    ) AS known JOIN (SELECT DISTINCT sha256, model_digest FROM carried_over) AS carried USING (sha256, model_digest)
    """,
    # Hashes are of the pixels, whichever model looked at them.
    """
    INSERT INTO {incoming}.texture_hashes (sha256, hashes)
    SELECT sha256, hashes FROM {current}.texture_hashes ORDER BY position ON CONFLICT (sha256) DO NOTHING
    """,
    # So is what one content is of another.
    """
    INSERT INTO {incoming}.texture_relations SELECT * FROM {current}.texture_relations
    ON CONFLICT (sha256, other_sha256) DO NOTHING
    """,
    # And what they are called.
    "INSERT INTO {incoming}.name_words SELECT * FROM {current}.name_words ON CONFLICT (word) DO NOTHING",
    # Two assets may have one content of which neither tables knew both.
    """
    INSERT INTO {incoming}.texture_relations
    SELECT sha256, sha256, 'identical', 'this' FROM {incoming}.assets WHERE sha256 IN (SELECT sha256 FROM carried_over)
    GROUP BY sha256 HAVING count(*) > 1
    ON CONFLICT (sha256, other_sha256) DO NOTHING
    """,
    # Every word that people said; the newest on each tag holds, whichever tables have it.
    f"INSERT INTO {{incoming}}.verdicts AS known SELECT * FROM {{current}}.verdicts {JOINED_WORDS}",  # noqa: S608 - ours
    "DELETE FROM {incoming}.asset_tags WHERE source = 'human'",
    newest_words("{incoming}"),
    "ALTER SCHEMA {current} RENAME TO {outgoing}",
    "ALTER SCHEMA {incoming} RENAME TO {current}",
)


async def difference(connection: DatabaseConnection, names: Switch) -> Difference:
    """Return what a switch would change; nothing is changed, and nobody held up.

    Raises:
        SchemaVersionError: one of the schemas has no tables of this version.
        DatabaseUnavailableError: the database does not answer.

    """
    await _check(connection, names)
    session = await connect(connection)
    try:
        with pg_errors_translated():
            await session.execute("SET statement_timeout = 0")
            return await _difference(session, names)
    finally:
        await session.close()


async def switch(
    connection: DatabaseConnection,
    names: Switch,
    *,
    drop_outgoing: bool = False,
    allow_missing: bool = False,
    wait_seconds: float = 10,
) -> Difference:
    """Make the incoming tables current; durable on return, and on an error nothing was changed.

    ``drop_outgoing``: a schema that has the outgoing one's name already goes; without it that is an error.
    ``wait_seconds``: how long writers may be held off while those before them finish.

    Raises:
        SwitchError: much is missing in the incoming tables (unless ``allow_missing``), or the outgoing schema is there.
        SchemaVersionError: one of the schemas has no tables of this version.
        DatabaseUnavailableError: the database does not answer, or is busy for too long; try again.

    """
    await _check(connection, names)
    session = await connect(connection)
    try:
        with pg_errors_translated():
            async with session.transaction():
                await session.execute(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{wait_seconds:g}s'")
                await session.execute(_sql(_LOCK, names))
                changes = await _difference(session, names)
                _refuse_half(changes, names, allow_missing=allow_missing)
                await _make_room(session, names.outgoing, drop=drop_outgoing)
                for step in _STEPS:
                    await session.execute(_sql(step, names), timeout=None)
    finally:
        await session.close()
    return changes


async def _check(connection: DatabaseConnection, names: Switch) -> None:
    for schema in (names.current, names.incoming):
        await check_schema(connection.model_copy(update={"db_schema": schema}))


async def _difference(session: Connection, names: Switch) -> Difference:
    counts = await session.fetchrow(_sql(_DIFFERENCE, names), timeout=None)
    made_by = await session.fetch(_sql(_MADE_BY, names), timeout=None)
    return Difference(**dict(counts), made_by=tuple((row["name"], row["count"]) for row in made_by))


def _refuse_half(found: Difference, names: Switch, *, allow_missing: bool) -> None:
    if found.missing > found.current_assets * _MISSING_SHARE and not allow_missing:
        raise SwitchError(
            f"{found.missing} of {found.current_assets} assets of {names.current} are not in {names.incoming}: let its "
            "replay and its sink finish first, or carry them over as they are with --allow-missing"
        )


async def _make_room(session: Connection, schema: str, *, drop: bool) -> None:
    if not await session.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema):
        return
    if not drop:
        raise SwitchError(
            f"the schema {schema} of an earlier switch is still there: drop it with --drop-previous, or rename it"
        )
    await session.execute(f'DROP SCHEMA "{schema}" CASCADE', timeout=None)


def _sql(statement: str, names: Switch) -> str:
    quoted = {
        "current": f'"{names.current}"',
        "incoming": f'"{names.incoming}"',
        "outgoing": f'"{names.outgoing}"',
    }
    return statement.format(**quoted)
