"""`python -m consumer tagger | sink | gateway`: one process of the product."""

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


def main(arguments: list[str] | None = None) -> int:
    """Run one service until SIGTERM or SIGINT; return 0 after a clean drain, 2 for a configuration at fault."""
    parser = argparse.ArgumentParser(prog="python -m consumer", description=__doc__)
    services = parser.add_subparsers(dest="service", required=True)
    for name, help_text in _SERVICES.items():
        services.add_parser(name, help=help_text)
    service = parser.parse_args(arguments).service

    # Imported when chosen: the sink needs no onnxruntime.
    run: Callable[[], Awaitable[None]] = import_module(f"consumer.services.{service}_process").run
    from consumer.services.errors import StartupError  # noqa: PLC0415

    try:
        asyncio.run(_awaited(run))
    except ValidationError as error:
        sys.stderr.write(f"aegis {service}: {explain_settings(error)}\n")
        return 2
    except StartupError as error:
        sys.stderr.write(f"aegis {service}: {error}\n")
        return 2
    return 0


async def _awaited(run: Callable[[], Awaitable[None]]) -> None:
    await run()


if __name__ == "__main__":
    sys.exit(main())
