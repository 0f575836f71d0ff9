"""What a person knows of Unity files that they do not say themselves."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from producer_tools.errors import ArchiveError
from producer_tools.extraction.pixels import brief
from producer_tools.extraction.unity.files.patches import read_names_as_utf8


@dataclass(frozen=True, slots=True)
class UnityOptions:
    """``version`` holds for files whose own was stripped; ``key``, 32 hexadecimal digits, opens UnityCN bundles.

    ``engine_textures``: whether Unity's own textures are extracted too.
    """

    version: str | None = None
    key: str | None = None
    engine_textures: bool = False

    def apply(self) -> None:
        """Tell UnityPy, which has one of each for the whole process; raises ImportError where it is not installed."""
        from UnityPy import config  # noqa: PLC0415 - an extra, and takes a second
        from UnityPy.exceptions import UnityVersionFallbackWarning  # noqa: PLC0415 - as above
        from UnityPy.helpers import ArchiveStorageManager  # noqa: PLC0415 - as above

        read_names_as_utf8()
        config.FALLBACK_UNITY_VERSION = self.version  # type: ignore[assignment]
        warnings.simplefilter("ignore", UnityVersionFallbackWarning)
        ArchiveStorageManager.DECRYPT_KEY = bytes.fromhex(self.key) if self.key else None


def in_words(error: Exception) -> str:
    """Return why a Unity file cannot be opened, and what to do."""
    if isinstance(error, ArchiveError):
        return str(error)
    if isinstance(error, MemoryError):
        return "it needs more memory than AEGIS_EXTRACT_MEMORY_BYTES allows"
    if type(error).__name__ == "UnityVersionFallbackError":
        return (
            "its Unity version was taken out of it: name the game's with --unity-version or "
            "AEGIS_EXTRACT_UNITY_VERSION, e.g. 2020.3.48f1"
        )
    return f"it is damaged, encrypted or of an unknown Unity version ({brief(error)})"
