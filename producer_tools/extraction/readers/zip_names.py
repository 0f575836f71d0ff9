"""Names in zip archives, whichever alphabet they were written in.

The format knows UTF-8, where a flag says so, and the code page of the first PC. Macintoshes write UTF-8 without the
flag, and Windows the code page of its country; Japan's games are found in many archives.
"""

from __future__ import annotations

import re
import zipfile
from typing import Final

_FIRST_PC: Final = "cp437"
_JAPANS_WINDOWS: Final = "cp932"
# Two letters of Japanese beside each other: what is neither is seldom taken for both.
_JAPANESE: Final = re.compile("[\u3041-\u309f\u30a1-\u30ff\u3005\u4e00-\u9fff]{2}")
_HALF_WIDTH: Final = re.compile("[\uff61-\uff9f]")


def name_of(member: zipfile.ZipInfo) -> str:
    """Return the name of a member, empty where it begins with NUL."""
    stored = member.orig_filename
    try:
        raw = stored.encode(_FIRST_PC)
    except UnicodeEncodeError:
        # It was UTF-8, and said so.
        return member.filename
    if raw.isascii() or member.filename != stored.partition("\0")[0]:
        return member.filename
    return _in_utf_8(raw) or _in_japanese(raw) or member.filename


def _in_utf_8(raw: bytes) -> str | None:
    try:
        return raw.decode().partition("\0")[0]
    except UnicodeDecodeError:
        return None


def _in_japanese(raw: bytes) -> str | None:
    try:
        name = raw.decode(_JAPANS_WINDOWS).partition("\0")[0]
    except UnicodeDecodeError:
        return None
    return name if _JAPANESE.search(name) and not _HALF_WIDTH.search(name) else None
