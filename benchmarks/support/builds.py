"""This build of the product, or another one, whose sink a benchmark lets run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import psutil

from testkit.running import Pipeline


@dataclass(frozen=True, slots=True)
class Build:
    """The product of a checkout that is installed in its `.venv`; None: the one that measures."""

    checkout: Path | None = None

    def make(self, pipeline: Pipeline) -> None:
        """Make the pipeline's topics and tables as this build has them; raises click.ClickException."""
        for arguments in (("topics", "apply"), ("db", "migrate")):
            done = subprocess.run(
                self._command("aegis", *arguments),
                env=self._environment(pipeline),
                cwd=self.checkout,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise click.ClickException(done.stderr)

    def start(self, service: str, pipeline: Pipeline, log_path: Path) -> psutil.Popen:
        """Start one of its services."""
        with log_path.open("wb") as log:
            return psutil.Popen(
                self._command("consumer", service),
                env=self._environment(pipeline),
                cwd=self.checkout,
                stdout=log,
                stderr=log,
            )

    def _command(self, module: str, *arguments: str) -> list[str]:
        python = sys.executable if self.checkout is None else str(self.checkout.absolute() / ".venv" / "bin" / "python")
        return [python, "-m", module, *arguments]

    def _environment(self, pipeline: Pipeline) -> dict[str, str]:
        variables = {**os.environ, **pipeline.environment}
        return variables if self.checkout is None else {**variables, "PYTHONPATH": str(self.checkout.absolute())}
