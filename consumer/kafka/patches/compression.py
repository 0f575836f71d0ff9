"""How hard our producers compress: aiokafka has no setting for it."""

from __future__ import annotations

from functools import partial
from typing import Final

from aiokafka import codec
from aiokafka.record import default_records
from aiokafka.record._crecords import default_records as compiled

# aiokafka takes 9, as brokers do where they compress: 20 times the CPU time, for a fortieth of a tagged event.
_LEVEL: Final = 1


def compress_quickly() -> None:
    """Make this process's producers compress lz4 at its quickest level; how it is read is the same."""
    quick = partial(codec.lz4_encode, level=_LEVEL)
    for writer in (default_records, compiled):
        writer.lz4_encode = quick
