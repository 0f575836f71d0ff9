"""`python -m consumer tagger | sink | gateway`: one process of the product; of a group several with `--workers`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module

from pydantic import ValidationError

from schemas.settings_errors import explain_settings

_SERVICES = {
    "tagger": "reads asset-extracted, tags the textures, writes asset-tagged",
    "sink": "reads asset-tagged, writes PostgreSQL",
    "gateway": "tags images over HTTP, for clients that want an answer now",
}
# A gateway has a port: several of it want a load balancer, and what starts that starts them.
_GROUPS = frozenset({"tagger", "sink"})
_MOST_WORKERS = 256


def main(arguments: list[str] | None = None) -> int:
    """Run one service until SIGTERM or SIGINT; return 0 after a clean drain, 2 for a configuration at fault."""
    parser = argparse.ArgumentParser(prog="python -m consumer", description=__doc__)
    services = parser.add_subparsers(dest="service", required=True)
    for name, help_text in _SERVICES.items():
        options = services.add_parser(name, help=help_text, description=help_text)
        options.set_defaults(workers=1)
        if name in _GROUPS:
            options.add_argument("--workers", type=_count, metavar="N", help="processes of it; replaced if they die")
    chosen = parser.parse_args(arguments)
    service: str = chosen.service

    # Imported when chosen: the sink needs no onnxruntime.
    run: Callable[[], Awaitable[None]] = import_module(f"consumer.services.{service}_process").run
    from consumer.services.errors import StartupError  # noqa: PLC0415

    try:
        if chosen.workers > 1:
            from consumer.services.workers import run_workers  # noqa: PLC0415 - only here

            return run_workers(service, chosen.workers)
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
    if not 1 <= count <= _MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{count} is not between 1 and {_MOST_WORKERS}")
    return count


async def _awaited(run: Callable[[], Awaitable[None]]) -> None:
    await run()


if __name__ == "__main__":
    sys.exit(main())
