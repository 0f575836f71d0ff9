"""Names that hold for ever and names that are safe: asset ids, and file names that never leave their folder."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import PurePosixPath
from typing import Final

MAX_ASSET_ID_CHARS: Final = 512
# File systems allow 255 bytes a component; room is left for what collisions add.
_MAX_COMPONENT_BYTES: Final = 180
_FORBIDDEN: Final = frozenset('<>:"|?*\\/')
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    # Windows takes the superscripts for the digits.
    | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3"}
)
_SUFFIX: Final = ".png"


class AssetIds:
    """Gives every texture of a run its asset id.

    The id is ``[game/]archive/key``: the base name of the path that was extracted (below a folder also the path inside
    it), then the texture's path or name inside its archive. The same texture of the same archive has the same id in
    every extraction. Of textures that share one, the second in the archive's order gets ``~2``, and so on.
    """

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._next: dict[str, int] = {}

    def assign(self, *parts: str) -> str:
        """Return the id for these parts; empty ones are left out."""
        text = "/".join(_clean(part) for part in parts if part) or "_"
        candidate = _shortened(text, MAX_ASSET_ID_CHARS)
        while candidate in self._seen:
            number = self._next.get(text, 2)
            self._next[text] = number + 1
            candidate = _shortened(f"{text}~{number}", MAX_ASSET_ID_CHARS)
        self._seen.add(candidate)
        return candidate


class OutputNames:
    """Turns asset ids into relative paths of PNG files.

    Each path is the id with every component made safe for Linux, macOS and Windows; it never climbs, is never
    absolute, and no two are equal on a file system that folds case. Folders never end in ``.png`` and files always
    do, so none stands in the other's way.
    """

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._next: dict[str, int] = {}

    def assign(self, asset_id: str) -> PurePosixPath:
        *folders, file = [part for part in asset_id.split("/") if part] or ["_"]
        path = PurePosixPath(*(_folder(part) for part in folders), _file(file))
        wanted, stem = _folded(path), path.name[: -len(_SUFFIX)]
        while _folded(path) in self._seen:
            number = self._next.get(wanted, 2)
            self._next[wanted] = number + 1
            path = path.with_name(f"{stem}~{number}{_SUFFIX}")
        self._seen.add(_folded(path))
        return path


def _clean(part: str) -> str:
    text = unicodedata.normalize("NFC", part.encode("utf-8", errors="replace").decode()).replace("\\", "/")
    return "".join("_" if unicodedata.category(char) == "Cc" else char for char in text).strip("/") or "_"


def _shortened(text: str, max_chars: int) -> str:
    if len(text) <= max_chars:
        return text
    return f"{text[: max_chars - 17]}~{_digest(text, 16)}"


def _folder(part: str) -> str:
    safe = _component(part)
    return f"{safe}_" if safe.lower().endswith(_SUFFIX) else safe


def _file(part: str) -> str:
    stem = part[: -len(_SUFFIX)] if part.lower().endswith(_SUFFIX) and len(part) > len(_SUFFIX) else part
    return _component(stem) + _SUFFIX


def _component(part: str) -> str:
    """Return one path component made of harmless characters, neither empty nor hidden nor reserved."""
    safe = "".join("_" if char in _FORBIDDEN or _is_invisible(char) else char for char in part).rstrip(" .")
    if not safe or safe.startswith((".", " ")):
        safe = "_" + safe
    if safe.split(".")[0].rstrip().lower() in _RESERVED:
        safe = "_" + safe
    encoded = safe.encode("utf-8", errors="replace")
    if len(encoded) <= _MAX_COMPONENT_BYTES:
        return encoded.decode()
    return encoded[: _MAX_COMPONENT_BYTES - 9].decode(errors="ignore").rstrip(" .") + "~" + _digest(part, 8)


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char)[0] == "C" or unicodedata.category(char) in {"Zl", "Zp"}


def _folded(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", str(path)).casefold())


def _digest(text: str, chars: int) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()[:chars]
