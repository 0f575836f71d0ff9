"""What is declared of a metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Reporter = Literal["tagger", "sink", "comparer", "lake", "gateway", "extractor"]

EVERY_SERVICE: tuple[Reporter, ...] = ("tagger", "sink", "comparer", "lake", "gateway")
CONSUMERS: tuple[Reporter, ...] = ("tagger", "sink", "comparer", "lake")
MODEL_SERVICES: tuple[Reporter, ...] = ("tagger", "gateway")

# From 1 ms to a minute: decoding takes milliseconds, waiting behind a backlog may take long.
SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# Up to a day: events are stored late after an outage, and a replay reads old ones.
AGE_SECONDS_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0)
SIZE_BUCKETS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric; ``action`` says what to do when it looks wrong, ``reported_by`` which processes export it."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    action: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = SECONDS_BUCKETS
    reported_by: tuple[Reporter, ...] = CONSUMERS
