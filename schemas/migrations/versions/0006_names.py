"""The words in the names and paths of each asset, so that a search by name needs no tag and reads no table whole."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_PATH = "asset_id || ' ' || coalesce(source ->> 'container_path', '') || ' ' || coalesce(source ->> 'game', '')"
_NAME = "regexp_replace(asset_id, '^.*/', '') || ' ' || coalesce(source ->> 'name', '')"


def _words(text: str) -> str:
    """Return the words of a text; camel case and digits stand apart."""
    apart = f"regexp_replace({text}, '([a-z])([A-Z])|([A-Za-z])([0-9])', '\\1\\3 \\2\\4', 'g')"
    return f"to_tsvector('pg_catalog.english', regexp_replace({apart}, '[^[:alnum:]]+', ' ', 'g'))"


_STATEMENTS = (
    # The file's own name counts for more than the folders around it.
    (
        f"ALTER TABLE assets ADD COLUMN names tsvector GENERATED ALWAYS AS "
        f"(setweight({_words(_NAME)}, 'A') || setweight({_words(_PATH)}, 'D')) STORED"
    ),
    "CREATE INDEX assets_names ON assets USING gin (names)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
