"""The topics of a deployment: names, keys and configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

DEAD_LETTER_SUFFIX: Final = ".dlq"
MAX_MESSAGE_BYTES: Final = 1_048_576
# A dead letter is its source record plus headers; it must fit where the record itself just fitted.
DEAD_LETTER_MESSAGE_BYTES: Final = MAX_MESSAGE_BYTES + 65_536
_DLQ_RETENTION_MS: Final = 30 * 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as `aegis topics apply` creates it; every record's key is its asset_id."""

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True)
class Topics:
    """Names of topics and groups under a prefix, so that several deployments can share a cluster."""

    prefix: str = ""

    @property
    def extracted(self) -> str:
        return f"{self.prefix}asset-extracted"

    @property
    def tagged(self) -> str:
        return f"{self.prefix}asset-tagged"

    @property
    def reviewed(self) -> str:
        return f"{self.prefix}asset-reviewed"

    @property
    def related(self) -> str:
        return f"{self.prefix}asset-related"

    @property
    def tagger_group(self) -> str:
        return f"{self.prefix}aegis-tagger"

    @property
    def sink_group(self) -> str:
        return f"{self.prefix}aegis-sink"

    @property
    def lake_group(self) -> str:
        return f"{self.prefix}aegis-lake"

    @property
    def comparer_group(self) -> str:
        return f"{self.prefix}aegis-comparer"

    def specs(self, partitions: int = 12) -> tuple[TopicSpec, ...]:
        """Return all topics of the deployment, each topic that we read followed by its dead-letter topic."""
        compacted = {
            "cleanup.policy": "compact",
            "retention.ms": "-1",
            "max.message.bytes": str(MAX_MESSAGE_BYTES),
        }
        return (
            TopicSpec(
                self.extracted,
                partitions,
                compacted,
                "Extracted textures; newest event of each asset kept, can be replayed",
            ),
            _dead_letters(self.extracted, partitions),
            TopicSpec(
                self.tagged,
                partitions,
                compacted,
                "Tags of each texture; newest event of each asset kept",
            ),
            _dead_letters(self.tagged, partitions),
            TopicSpec(
                self.reviewed,
                partitions,
                {**compacted, "cleanup.policy": "delete"},
                "Verdicts of people on tags; every one kept for ever",
            ),
            _dead_letters(self.reviewed, partitions),
            TopicSpec(
                self.related,
                partitions,
                compacted,
                "What each texture is of others that are stored; newest event of each asset kept",
            ),
        )


def dead_letter_topic(source_topic: str) -> str:
    return source_topic + DEAD_LETTER_SUFFIX


def _dead_letters(source_topic: str, partitions: int) -> TopicSpec:
    config = {
        "cleanup.policy": "delete",
        "retention.ms": str(_DLQ_RETENTION_MS),
        "max.message.bytes": str(DEAD_LETTER_MESSAGE_BYTES),
    }
    return TopicSpec(
        dead_letter_topic(source_topic),
        partitions,
        config,
        f"Records of {source_topic} that could not be processed",
    )
