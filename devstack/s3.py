"""The S3 store: SeaweedFS by pip, or the real MinIO server where AEGIS_STACK_S3=minio and `minio` is on the PATH."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from devstack.component import Component, Tell
from devstack.errors import StackError
from devstack.state import LOOPBACK, State

_ACCESS_KEY = "aegis"
_EXTERNAL_VARIABLE = "AEGIS_S3_ENDPOINT"
_WEED_PARTS = ("master", "volume", "filer", "s3")


def s3_component() -> Component:
    """Return the store that ``AEGIS_STACK_S3`` names; raises StackError when it cannot be had."""
    choice = os.environ.get("AEGIS_STACK_S3", "seaweedfs")
    if choice == "seaweedfs":
        return SeaweedFs()
    if choice != "minio":
        raise StackError(f"AEGIS_STACK_S3={choice} is not known: use seaweedfs or minio")
    program = shutil.which("minio")
    if program is None:
        raise StackError(
            "AEGIS_STACK_S3=minio needs the program minio on the PATH: go install github.com/minio/minio@latest"
        )
    return Minio(program)


def _variables(state: State, port_name: str) -> dict[str, str]:
    return {
        _EXTERNAL_VARIABLE: f"http://{LOOPBACK}:{state.port(port_name)}",
        "AEGIS_S3_ACCESS_KEY": _ACCESS_KEY,
        "AEGIS_S3_SECRET_KEY": state.secret("s3"),
    }


class SeaweedFs:
    name = "seaweedfs"
    title = "SeaweedFS 4 (S3)"
    external_variable = _EXTERNAL_VARIABLE
    # Its own way to stop waits 15 seconds for streams between its parts. What it acknowledged is with the kernel.
    stop_signal = signal.SIGKILL

    def prepare(self, folder: Path, state: State, tell: Tell) -> None:  # noqa: ARG002 - the protocol's
        home = folder / self.name
        (home / "data").mkdir(parents=True, exist_ok=True)
        credentials = [{"accessKey": _ACCESS_KEY, "secretKey": state.secret("s3")}]
        identity = {
            "name": "aegis",
            "credentials": credentials,
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        path = home / "s3.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"identities": [identity]}))

    def command(self, folder: Path, state: State) -> Sequence[str]:
        home = folder / self.name
        ports = [option for part in _WEED_PARTS for option in _weed_ports(part, state)]
        return (
            str(Path(sysconfig.get_path("scripts")) / "weed"),
            "-logtostderr=true",
            "server",
            f"-dir={home / 'data'}",
            f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}",
            "-s3",
            f"-s3.config={home / 's3.json'}",
            "-s3.autoCreateBucket=false",
            "-s3.iam=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.volumeSizeLimitMB=1024",
            "-volume.max=2000",
            # One master needs no time to agree with itself; by default a restart waits ten seconds for its own vote.
            "-master.electionTimeout=1s",
            "-master.heartbeatInterval=100ms",
            "-master.telemetry=false",
            *ports,
        )

    def process_environment(self) -> Mapping[str, str]:
        # A bucket would otherwise take seven volumes at once, and a run of tests makes many buckets.
        return {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}

    def user(self) -> str | None:
        return None

    def is_ready(self, state: State) -> bool:
        return _answers(f"http://{LOOPBACK}:{state.port('seaweedfs-s3')}/status")

    def finish(self, state: State) -> None:
        """Nothing: the bucket is made by who writes to it."""

    def sweep(self, state: State) -> None:
        """Remove its sockets, whose place is not ours to choose."""
        for part in _WEED_PARTS:
            for name in (f"{part}", f"{part}-grpc"):
                Path(f"/tmp/seaweedfs-{name}-{state.port(f'seaweedfs-{name}')}.sock").unlink(missing_ok=True)  # noqa: S108

    def variables(self, state: State) -> dict[str, str]:
        return _variables(state, "seaweedfs-s3")

    def address(self, state: State) -> str:
        return f"http://{LOOPBACK}:{state.port('seaweedfs-s3')}"


class Minio:
    name = "minio"
    title = "MinIO (S3)"
    external_variable = _EXTERNAL_VARIABLE
    stop_signal = signal.SIGTERM

    def __init__(self, program: str) -> None:
        self._program = program
        self._secret = ""

    def prepare(self, folder: Path, state: State, tell: Tell) -> None:  # noqa: ARG002 - the protocol's
        (folder / self.name / "data").mkdir(parents=True, exist_ok=True)
        self._secret = state.secret("s3")

    def command(self, folder: Path, state: State) -> Sequence[str]:
        address = f"{LOOPBACK}:{state.port('minio')}"
        console = f"{LOOPBACK}:{state.port('minio-console')}"
        data = str(folder / self.name / "data")
        return (self._program, "server", "--address", address, "--console-address", console, data)

    def process_environment(self) -> Mapping[str, str]:
        return {"MINIO_ROOT_USER": _ACCESS_KEY, "MINIO_ROOT_PASSWORD": self._secret, "MINIO_BROWSER": "off"}

    def user(self) -> str | None:
        return None

    def is_ready(self, state: State) -> bool:
        # Its /minio/health/ready says 200 before it can serve; what is asked of it then is answered by 503.
        return _answers(f"http://{LOOPBACK}:{state.port('minio')}/minio/health/cluster")

    def finish(self, state: State) -> None:
        """Nothing: the bucket is made by who writes to it."""

    def sweep(self, state: State) -> None:
        """Nothing: all of it lies in its folder."""

    def variables(self, state: State) -> dict[str, str]:
        return _variables(state, "minio")

    def address(self, state: State) -> str:
        return f"http://{LOOPBACK}:{state.port('minio')}"


def _weed_ports(part: str, state: State) -> tuple[str, str]:
    name = f"seaweedfs-{part}"
    return f"-{part}.port={state.port(name)}", f"-{part}.port.grpc={state.port(f'{name}-grpc')}"


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http address
            return bool(answer.status < 300)
    except HTTPError as error:
        error.close()
        return False
    except (URLError, OSError):
        return False
