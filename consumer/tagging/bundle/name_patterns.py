"""Names as evidence: the words of file names and folders, and the patterns of a taxonomy that they match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SEPARATORS: Final = re.compile(r"[/\\]+")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_EXTENSIONS: Final = re.compile(
    r"(\.(png|jpe?g|tga|dds|bmp|gif|psd|tiff?|webp|cached|asset|unity3d|unitypackage|zip|pk3|wz|jar"
    r"|ktx2?|basis|vtf|[cs]tex|exr|hdr|jxl|avif|pcx|sgi|blp|pk4|pak|wad|vpk|rpa|pck|7z|tar|tgz))+$",
    re.IGNORECASE,
)
# Engines put the kind of asset before the name; T_ says no more than that it is a texture.
_TEXTURE_PREFIXES: Final = {"t", "tex"}
PATTERN: Final = r"^(_[a-z0-9]+|[a-z0-9]+_|[a-z0-9]+\*?( [a-z0-9]+\*?)*)$"

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssetNames:
    """The words of an asset's names: those of the files themselves, and those of the folders above them."""

    stems: tuple[Words, ...] = ()
    folders: tuple[Words, ...] = ()

    @classmethod
    def of(cls, names: Iterable[str | None]) -> AssetNames:
        """Split names and paths; the last part of each is the file's own name, its extension is dropped."""
        stems: dict[Words, None] = {}
        folders: dict[Words, None] = {}
        for name in names:
            *above, last = _SEPARATORS.split(name or "")
            stems[_without_prefix(_words_of_part(last))] = None
            for part in above:
                folders[_words_of_part(part)] = None
        return cls(tuple(filter(None, stems)), tuple(filter(None, folders)))


# A corpus has few folders, each with many files.
@lru_cache(16_384)
def _words_of_part(part: str) -> Words:
    return words_of(_EXTENSIONS.sub("", part))


def words_of(text: str) -> Words:
    """Return the lower-case words of a name: split at underscores, digits, spaces and camelCase."""
    return tuple(word.lower() for word in _WORD.findall(text))


def matches(patterns: Sequence[str], names: AssetNames) -> list[str]:
    """Return the keys of the patterns that match: the pattern itself in a file's name, with `/` added in a folder's.

    A word matches itself and its plural; `sky*` what begins so; several words, words that follow each other. `_n`
    matches only the last word of a file's name, `ui_` only the first, and neither the only word.
    """
    keys = [pattern for pattern in patterns if any(_in_stem(pattern, words) for words in names.stems)]
    plain = [pattern for pattern in patterns if "_" not in pattern]
    return keys + [f"{pattern}/" for pattern in plain if any(matches_within(pattern, words) for words in names.folders)]


def _in_stem(pattern: str, words: Words) -> bool:
    if pattern.startswith("_"):
        return len(words) > 1 and words[-1] == pattern[1:]
    if pattern.endswith("_"):
        return len(words) > 1 and words[0] == pattern[:-1]
    return matches_within(pattern, words)


def matches_within(pattern: str, words: Words) -> bool:
    """Tell whether a pattern without `_` matches words that follow each other."""
    wanted = pattern.split(" ")
    return any(
        all(_same(one, word) for one, word in zip(wanted, words[at:], strict=False))
        for at in range(len(words) - len(wanted) + 1)
    )


def _same(wanted: str, word: str) -> bool:
    if wanted.endswith("*"):
        return word.startswith(wanted[:-1])
    return word == wanted or (word.startswith(wanted) and word[len(wanted) :] in {"s", "es"})


def _without_prefix(words: Words) -> Words:
    return words[1:] if len(words) > 1 and words[0] in _TEXTURE_PREFIXES else words
