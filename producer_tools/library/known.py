"""What of a folder was sent already, kept in its `.aegis`: a texture is sent when it changes, and not before."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self

from producer_tools.errors import InputError

FOLDER: Final = ".aegis"
# A file written twice in the same moment may look unchanged: what was written so shortly before is read again.
_RACY_NS: Final = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was when it was sent; ``seen_at_ns`` is when it was looked at."""

    size_bytes: int
    mtime_ns: int
    seen_at_ns: int
    sha256: str

    def looks_like(self, stat: os.stat_result) -> bool:
        """Return whether the file need not be read to know that it is the same."""
        same = (self.size_bytes, self.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
        return same and self.mtime_ns < self.seen_at_ns - _RACY_NS


@dataclass(slots=True)
class KnownFiles:
    """What was sent of a folder to one topic, by path below the root; ``project`` is the name that ids began with."""

    root: Path
    topic: str
    project: str
    files: dict[str, Sent] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path, topic: str, project: str) -> Self:
        """Return what was sent; raises InputError where that cannot be known, or it was sent under another name."""
        known = cls(root, topic, project)
        try:
            document = json.loads(known.path.read_text(encoding="utf-8"))
            if document["project"] != project:
                raise InputError(
                    f"{root} was sent as the project {document['project']!r}, and is named {project!r} now: name it as "
                    f"before in aegis.yaml, or delete {known.path}, and its textures are sent once more under new ids."
                )
            known.files.update((name, Sent(**fields)) for name, fields in document["files"].items())
        except FileNotFoundError:
            return known
        except OSError as error:
            raise InputError(f"{known.path} cannot be read ({error.strerror}).") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{known.path} is damaged: delete it, and everything is sent once more.") from error
        return known

    @property
    def path(self) -> Path:
        return self.root / FOLDER / f"sent-{self.topic}.json"

    def add(self, name: str, stat: os.stat_result, sha256: str) -> None:
        self.files[name] = Sent(stat.st_size, stat.st_mtime_ns, time.time_ns(), sha256)

    def write(self) -> None:
        """Write the file in one step; raises InputError."""
        files = {name: asdict(sent) for name, sent in sorted(self.files.items())}
        try:
            self.path.parent.mkdir(exist_ok=True)
            part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
            part.write_text(json.dumps({"project": self.project, "files": files}), encoding="utf-8")
            part.replace(self.path)
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be written ({error.strerror}): what was sent is not noted."
            ) from error
