"""Git LFS: files that are a pointer in a commit, and whose contents are elsewhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from consumer.storage.errors import ObjectMissingError, StoreError
from consumer.storage.objects import ObjectStore
from producer_tools.extraction.readers.known import LFS_POINTER
from schemas.objects import object_key

_MAX_POINTER_BYTES: Final = 1024
_OID: Final = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a pointer says: its file's digest."""

    sha256: str

    def object_path(self) -> Path:
        """Return where the contents are in a clone's store of LFS objects."""
        return Path(self.sha256[:2], self.sha256[2:4], self.sha256)


def pointer_of(path: Path) -> Pointer | None:
    """Return what a file says that is a pointer, None for any other; raises OSError."""
    if path.stat().st_size > _MAX_POINTER_BYTES:
        return None
    data = path.read_bytes()
    found = _OID.search(data) if data.startswith(LFS_POINTER) else None
    return Pointer(found[1].decode()) if found else None


def fill_from_clone(pointers: Mapping[Path, Pointer], objects: Path) -> dict[Path, Pointer]:
    """Put contents that the clone has in the places of their pointers; return the others."""
    missing = {}
    for path, pointer in pointers.items():
        try:
            data = (objects / pointer.object_path()).read_bytes()
        except OSError:
            missing[path] = pointer
            continue
        if not _fill(path, pointer, data):
            missing[path] = pointer
    return missing


async def fill_from_store(
    pointers: Mapping[Path, Pointer], store: ObjectStore, max_bytes: int
) -> tuple[dict[Path, Pointer], str | None]:
    """Put contents that the object store has in the places of their pointers; return the others, and its outage."""
    missing, outage = {}, None
    for path, pointer in pointers.items():
        try:
            if outage is None:
                key = object_key(pointer.sha256, PurePosixPath(path.name).suffix.lower() or ".bin")
                if _fill(path, pointer, await store.get(store.bucket, key, max_bytes=max_bytes)):
                    continue
        except ObjectMissingError:
            pass
        except StoreError as error:
            outage = str(error)
        missing[path] = pointer
    return missing, outage


def _fill(path: Path, pointer: Pointer, data: bytes) -> bool:
    """Write the contents, and return whether they are those that the pointer means."""
    is_it = hashlib.sha256(data).hexdigest() == pointer.sha256
    if is_it:
        path.write_bytes(data)
    return is_it
