"""Running `aegis` as a process, with an environment that is ours alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Aegis:
    """`aegis` in a folder without a stack of its own, with its spool in that folder."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    def variables(self, **more: str) -> dict[str, str]:
        ours = {"AEGIS_STACK_DIR": str(self.folder / "no-stack"), "AEGIS_SPOOL_DIR": str(self.spool)}
        return {**os.environ, **ours, **self.environment, **more}

    def start(self, *arguments: str | Path, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "aegis", *map(str, arguments)],
            cwd=self.folder,
            env=self.variables(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run to the end; the caller looks at its exit code."""
        with self.start(*arguments, **more) as process:
            out, err = process.communicate(timeout=90)
            return subprocess.CompletedProcess(arguments, process.returncode, out, err)
