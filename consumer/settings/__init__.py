"""Settings of the consumer processes: environment variables, validated at start, documented in docs/settings.md.

One file a class; it may touch the engine's settings and schemas.
"""

from __future__ import annotations

from consumer.settings.comparer import ComparerSettings
from consumer.settings.findings import FindingsSettings
from consumer.settings.gateway import GatewaySettings
from consumer.settings.lake import LakeSettings
from consumer.settings.model import ModelSettings, default_cache_dir
from consumer.settings.operations import OperationsSettings
from consumer.settings.sink import SinkSettings
from consumer.settings.tagger import TaggerSettings
from consumer.stream.settings import EngineSettings

__all__ = [
    "ComparerSettings",
    "EngineSettings",
    "FindingsSettings",
    "GatewaySettings",
    "LakeSettings",
    "ModelSettings",
    "OperationsSettings",
    "SinkSettings",
    "TaggerSettings",
    "default_cache_dir",
]
