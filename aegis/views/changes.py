"""What `aegis extract --git` tells besides what was extracted: what is gone, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from producer_tools.git.run import ChangeReport

_SHOWN: Final = 3


def change_sentences(changes: ChangeReport | None) -> Iterator[str]:
    """Yield the sentences of a comparison; none where nothing was compared."""
    if changes is None:
        return
    if not changes.files:
        yield "no file differs between the two commits"
    if changes.removed:
        yield f"removed {len(changes.removed)} textures that the commits deleted or renamed"
    if changes.unremoved:
        yield (
            f"Error: {len(changes.unremoved)} textures that are gone were not removed: {changes.reason}. Run the same "
            f"command again, or aegis remove {_names(changes.unremoved)}"
        )
    if changes.unread:
        yield (
            f"of {len(changes.unread)} files it cannot be read what they held, so that nothing of them was removed: "
            f"{_names(changes.unread)}"
        )
    if changes.outage:
        yield f"the object store was not asked for files of Git LFS: {changes.outage}"
    if changes.missing:
        yield (
            f"Error: {len(changes.missing)} files are pointers of Git LFS, whose contents neither this clone nor the "
            f"object store has: {_names(changes.missing)}. Run git lfs fetch, then the same command again."
        )


def changes_json(changes: ChangeReport) -> dict[str, Any]:
    """Return the comparison as `--json` prints it."""
    return {
        "files": changes.files,
        "removed": changes.removed,
        "unremoved": changes.unremoved,
        "unread": changes.unread,
        "missing": changes.missing,
    }


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
