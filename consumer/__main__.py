"""`python -m consumer tagger | sink | comparer | lake | gateway`: one process of it; several with `--workers`."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module

SERVICES = {
    "tagger": "reads asset-extracted, tags the textures and writes asset-tagged",
    "sink": "reads asset-tagged and writes PostgreSQL",
    "comparer": "reads asset-tagged, compares the textures with those that are stored and writes asset-related",
    "lake": "reads asset-tagged and asset-reviewed and writes Iceberg tables",
    "gateway": "tags images over HTTP for clients that wait for the answer",
}
# A gateway has a port: several of it want a load balancer, and what starts that starts them.
GROUPS = frozenset({"tagger", "sink", "comparer", "lake"})
MOST_WORKERS = 256


def main(arguments: list[str] | None = None) -> int:
    """Run one service until SIGTERM or SIGINT; return 0 after a clean drain, 2 for a configuration at fault."""
    parser = argparse.ArgumentParser(prog="python -m consumer", description=__doc__)
    services = parser.add_subparsers(dest="service", required=True)
    for name, help_text in SERVICES.items():
        options = services.add_parser(name, help=help_text, description=help_text)
        options.set_defaults(workers=1)
        if name in GROUPS:
            options.add_argument("--workers", type=_count, metavar="N", help="processes of it; replaced if they die")
    chosen = parser.parse_args(arguments)
    return run_service(chosen.service, chosen.workers)


def run_service(service: str, workers: int = 1) -> int:
    """Run one of ``SERVICES`` in this process, or in several; return as :func:`main`."""
    # Imported when chosen: the sink needs no onnxruntime, and the help nothing.
    import asyncio  # noqa: PLC0415

    from pydantic import ValidationError  # noqa: PLC0415

    from consumer.services.errors import StartupError  # noqa: PLC0415
    from schemas.environment import unknown_variables  # noqa: PLC0415
    from schemas.settings_errors import explain_settings  # noqa: PLC0415

    if unknown := unknown_variables(os.environ):
        sys.stderr.write(f"aegis {service}: {unknown}\n")
        return 2
    run = _imported(service)
    try:
        if workers > 1:
            from consumer.processes.workers import run_workers  # noqa: PLC0415 - only here

            return run_workers(service, workers)
        asyncio.run(_awaited(run))
    except ValidationError as error:
        sys.stderr.write(f"aegis {service}: {explain_settings(error)}\n")
        return 2
    except StartupError as error:
        sys.stderr.write(f"aegis {service}: {error}\n")
        return 2
    return 0


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{count} is not between 1 and {MOST_WORKERS}")
    return count


def _imported(service: str) -> Callable[[], Awaitable[None]]:
    """Import what a service is made of, in nine tenths of the time: none of it is garbage to be looked for."""
    gc.disable()
    try:
        run: Callable[[], Awaitable[None]] = import_module(f"consumer.processes.{service}").run
    finally:
        gc.freeze()
        gc.enable()
    return run


async def _awaited(run: Callable[[], Awaitable[None]]) -> None:
    await run()


if __name__ == "__main__":
    sys.exit(main())
