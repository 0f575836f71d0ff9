"""A person's word on two textures: that they are no duplicates of each other, or that this is taken back."""

from __future__ import annotations

from consumer.reviewing.deciding import AssetUnknownError, Said, SaidError
from consumer.storage.tables.duplicates.contents import contents
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import SearchFilter
from schemas import Word
from schemas.reviewed import DUPLICATE_OF


async def said_of_pair(reader: TagReader, one: str, other: str, word: Word, *, by: str) -> Said:
    """Return the word as it is said of the one whose id comes first: the same pair named again is the same word.

    Raises:
        SaidError: an asset is not stored, or both have the same content.
        DatabaseError: the tables cannot be read.

    """
    held = {
        asset_id: content.sha256
        async for content in contents(reader, SearchFilter(asset_ids=(one, other)))
        for asset_id in content.asset_ids
    }
    for asset_id in (one, other):
        if asset_id not in held:
            raise AssetUnknownError(f"no asset {asset_id!r} is stored: it was not tagged yet, or was removed")
    if held[one] == held[other]:
        raise SaidError(f"{one!r} and {other!r} have the same content: nobody can say that it is another")
    first, second = sorted((one, other))
    return Said(first, held[second], word, by, DUPLICATE_OF)
