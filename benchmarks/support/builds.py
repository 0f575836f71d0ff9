"""This build of the product, or another one, whose services a benchmark lets run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import psutil

from testkit.running import Pipeline

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Build:
    """The product of a checkout that is installed in its `.venv`; None: the one that measures."""

    checkout: Path | None = None

    def make(self, pipeline: Pipeline) -> None:
        """Make the pipeline's topics and tables as this build has them; raises click.ClickException."""
        for arguments in (("topics", "apply"), ("db", "migrate")):
            self.aegis(*arguments, **pipeline.environment)

    def aegis(self, *arguments: str, **variables: str) -> None:
        """Run one of its commands to its end; raises click.ClickException."""
        done = subprocess.run(
            self._command("aegis", *arguments),
            env=self._environment(variables),
            cwd=self.checkout,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise click.ClickException(done.stderr)

    def start(self, pipeline: Pipeline, log_path: Path, *command: str, **settings: str) -> psutil.Popen:
        """Start one of its services as `python -m COMMAND`."""
        with log_path.open("wb") as log:
            return psutil.Popen(
                self._command(*command),
                env=self._environment({**pipeline.environment, **settings}),
                cwd=self.checkout,
                stdout=log,
                stderr=log,
            )

    def _command(self, module: str, *arguments: str) -> list[str]:
        python = sys.executable if self.checkout is None else str(self.checkout.absolute() / ".venv" / "bin" / "python")
        return [python, "-m", module, *arguments]

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        root = _ROOT if self.checkout is None else self.checkout.absolute()
        return {**os.environ, **variables, "PYTHONPATH": str(root)}
