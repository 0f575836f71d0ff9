"""The words that names are made of, each once: a few thousand, whatever the library's size.

A search for a part of a word reads these in place of all ids.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

_FILL = r"""
INSERT INTO name_words (word)
SELECT DISTINCT lower(token) FROM assets, regexp_split_to_table(
    regexp_replace(
        concat_ws(' ', asset_id, source ->> 'container_path', source ->> 'game', source ->> 'name'),
        '([a-z])([A-Z])|([A-Za-z])([0-9])', '\1\3 \2\4', 'g'
    ),
    '[^[:alnum:]]+'
) AS token
WHERE token ~ '^[0-9]{0,4}[[:alpha:]]{3,40}$' AND lower(token) !~ '^[0-9]+[a-f]+$'
"""

_STATEMENTS = (
    'CREATE TABLE name_words (word text COLLATE "C" PRIMARY KEY)',
    _FILL,
    "ANALYZE name_words",
    "COMMENT ON TABLE name_words IS 'The words in the names and paths of assets; those of removed ones stay'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
