"""The services that a benchmark runs on."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import click

from devstack import Stack
from testkit.running import Pipeline


def variables(stack: Stack) -> dict[str, str]:
    """Return the variables of the environment's services, and of the stack's for those that it does not name."""
    outside = {name: value for name, value in os.environ.items() if name.startswith("AEGIS_")}
    return {**outside, **stack.variables()}


def new_pipeline(stack: Stack, log_dir: Path, **settings: str) -> Pipeline:
    """Return topics and tables that nobody else uses, which are not made yet; `settings` count more."""
    name = f"b{uuid.uuid4().hex[:8]}"
    own = {
        "AEGIS_TOPIC_PREFIX": f"{name}-",
        "AEGIS_PG_SCHEMA": name,
        "AEGIS_S3_BUCKET": "bench",
        "AEGIS_OPS_LOG_FORMAT": "json",
    }
    return Pipeline({**variables(stack), **own, **settings}, log_dir)


def make(pipeline: Pipeline, *parts: str) -> None:
    """Make the pipeline's "topics" and "tables", those that are named; raises click.ClickException."""
    commands = {"topics": ("topics", "apply"), "tables": ("db", "migrate")}
    for part in parts:
        done = pipeline.aegis(*commands[part])
        if done.returncode:
            raise click.ClickException(done.stderr)
