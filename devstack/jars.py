"""Jars from Maven Central by jgo: whole, whoever else fetches them at the same time or was killed meanwhile."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.component import Tell
from devstack.errors import StackError


def fetch_jars(endpoint: str, tell: Tell, *, expected_bytes: int = 0) -> list[Path]:
    """Return the jars of an artifact and of all that it needs, fetched where they are not in the cache.

    `endpoint` is `group:artifact:version`; `expected_bytes`, of all jars together, is for the progress that is told.
    Raises StackError where they cannot be had.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aegis-tagger" / "jars"
    folder = cache / endpoint.replace(":", "-")
    # Written last. jgo fetches into place, and takes a folder with any jar in it for a complete one (jgo 3.2).
    complete = folder / "jars.txt"
    with _alone(folder, tell):
        if not complete.exists():
            try:
                shutil.rmtree(folder, ignore_errors=True)
                jars = _build(endpoint, folder, _Fetching(tell, expected_bytes))
                complete.write_text("".join(f"{jar}\n" for jar in jars))
            except Exception as error:
                raise StackError(
                    f"{endpoint} could not be fetched from Maven Central ({error}): "
                    "check the network, or point AEGIS_KAFKA_BOOTSTRAP at a Kafka of your own"
                ) from error
        return [Path(line) for line in complete.read_text().splitlines()]


@contextmanager
def _alone(folder: Path, tell: Tell) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("waiting for another process that fetches its jars")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(endpoint: str, folder: Path, progress: _Fetching) -> list[Path]:
    from jgo.env import EnvironmentBuilder, LinkStrategy  # noqa: PLC0415 - only who starts Kafka needs it
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - as above

    context = MavenContext(repo_cache=folder / "maven", resolver=PythonResolver(progress_callback=progress))
    builder = EnvironmentBuilder(context=context, cache_dir=folder, link_strategy=LinkStrategy.AUTO)
    environment = builder.from_endpoint(endpoint)
    # Both of jgo's folders together: what is started runs from a classpath, not from modules.
    return sorted(environment.path.glob("*/*.jar"))


class _Fetching:
    """Tells how far the download is, as jgo's progress callback: called for each file with its name and size."""

    def __init__(self, tell: Tell, expected_bytes: int) -> None:
        self._tell = tell
        self._expected_bytes = expected_bytes
        self._fetched_bytes = 0

    @contextmanager
    def __call__(self, name: str, size_bytes: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002 - jgo's
        def advance(more_bytes: int) -> None:
            self._fetched_bytes += more_bytes
            self._tell(f"fetching its jars, {self._fetched_bytes / 1e6:.0f} of {self._expected_bytes / 1e6:.0f} MB")

        yield advance
