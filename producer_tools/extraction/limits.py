"""Limits that untrusted archives meet before anything of them is unpacked."""

from __future__ import annotations

import stat
from dataclasses import dataclass

from producer_tools.errors import ArchiveError

_MIB = 1024 * 1024
# Small members compress at any ratio without doing harm, e.g. a texture of one colour.
_RATIO_MATTERS_ABOVE_BYTES = 16 * _MIB


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What a reader may unpack of one archive."""

    max_members: int
    max_member_bytes: int
    max_total_bytes: int
    max_ratio: float
    max_pixels: int

    def check_member_count(self, count: int) -> None:
        """Raise ArchiveError when the archive has too many members."""
        if count > self.max_members:
            raise ArchiveError(
                f"it has {count} members, at most {self.max_members} are read: "
                "raise AEGIS_EXTRACT_MAX_MEMBERS if you trust it"
            )

    def check_total(self, total_bytes: int) -> None:
        """Raise ArchiveError when the members unpack to too much altogether."""
        if total_bytes > self.max_total_bytes:
            raise ArchiveError(
                f"it unpacks to more than {_size(self.max_total_bytes)}: "
                "raise AEGIS_EXTRACT_MAX_TOTAL_BYTES if you trust it"
            )

    def check_unpacked(self, unpacked_bytes: int, packed_bytes: int) -> None:
        """Raise ArchiveError when what one file is packed from grows too large, or too dense to be anything real."""
        self.check_total(unpacked_bytes)
        ratio = unpacked_bytes / max(packed_bytes, 1)
        if unpacked_bytes > _RATIO_MATTERS_ABOVE_BYTES and ratio > self.max_ratio:
            raise ArchiveError(f"it is packed {ratio:.0f} to 1 (at most {self.max_ratio:g} to 1), as bombs are")

    def refusal_of_member(self, unpacked_bytes: int, packed_bytes: int | None = None) -> str | None:
        """Return why a member must not be unpacked, None when it may be."""
        if unpacked_bytes > self.max_member_bytes:
            return (
                f"unpacks to {_size(unpacked_bytes)}, at most {_size(self.max_member_bytes)} are read: "
                "raise AEGIS_EXTRACT_MAX_MEMBER_BYTES if you trust it"
            )
        if packed_bytes is None or unpacked_bytes <= _RATIO_MATTERS_ABOVE_BYTES:
            return None
        ratio = unpacked_bytes / max(packed_bytes, 1)
        if ratio > self.max_ratio:
            return f"is packed {ratio:.0f} to 1 (at most {self.max_ratio:g} to 1), as decompression bombs are"
        return None

    def refusal_of_layers(self, count: int) -> str | None:
        """Return why the pictures of a texture must not be told apart, None when they may be."""
        if count > self.max_members:
            return f"claims to hold {count} pictures, at most {self.max_members} are read"
        return None

    def refusal_of_size(self, width: int, height: int) -> str | None:
        """Return why an image of this size in pixels must not be decoded, None when it may be."""
        if width < 1 or height < 1:
            return f"has no pixels ({width} by {height})"
        if width * height > self.max_pixels:
            return f"has {width} by {height} pixels, at most {self.max_pixels} are decoded"
        return None


def is_symlink(unix_mode: int) -> bool:
    return stat.S_ISLNK(unix_mode)


def _size(count_bytes: int) -> str:
    return f"{count_bytes / _MIB:.0f} MiB" if count_bytes >= _MIB else f"{count_bytes} bytes"
