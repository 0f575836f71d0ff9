"""Where an event, or a removal, lies on asset-extracted: their order there needs nobody's clock."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    # NULL: stored before this step, or told by no place; times decide then.
    *(
        f"ALTER TABLE {table} ADD COLUMN source_partition integer, ADD COLUMN source_offset bigint"
        for table in ("assets", "removed_assets")
    ),
    # What a clock ahead of time said kept every later event out, for years even.
    "UPDATE assets SET extracted_at = stored_at WHERE extracted_at > stored_at + interval '1 day'",
    "UPDATE removed_assets SET removed_at = now() WHERE removed_at > now() + interval '1 day'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
