"""Names and paths taken apart into words, as searches for them go by: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from consumer.storage.tables.rows import TaggedRow

# As the column `names` takes texts apart (migration 0006), and 0013 those that were stored before.
_APART: Final = re.compile(r"([a-z])([A-Z])|([A-Za-z])([0-9])")
_TOKEN: Final = re.compile(r"[^\W_]+")
# Names that are hashes are no words; of those with digits before them, letters that may be hexadecimal are none.
_WORD: Final = re.compile(r"[0-9]{0,4}[^\W\d_]{3,40}")
_HEXADECIMAL: Final = re.compile(r"[0-9]+[a-f]+")


class _Source(msgspec.Struct):
    container_path: str | None = None
    game: str | None = None
    name: str | None = None


_SOURCE: Final = msgspec.json.Decoder(_Source)


def taken_apart(text: str) -> list[str]:
    """Return the words and numbers of a text as names are searched for them, in lower case."""
    return [token.lower() for token in _TOKEN.findall(_APART.sub(r"\1\3 \2\4", text))]


def words_of(rows: Iterable[TaggedRow]) -> set[str]:
    """Return the words in the names and paths of assets; numbers and hashes are none."""
    # Assets of a batch share most folders, and their source mostly says again what their ids say.
    parts: set[str] = set()
    for row in rows:
        parts.update(row.asset_id.split("/"))
        if row.source is not None:
            source = _SOURCE.decode(row.source)
            for text in (source.container_path, source.game, source.name):
                if text:
                    parts.update(text.split("/"))
    return {
        token
        for token in set(taken_apart("\n".join(parts)))
        if _WORD.fullmatch(token) and not _HEXADECIMAL.fullmatch(token)
    }
