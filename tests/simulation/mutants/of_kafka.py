"""Mutants of the publisher and of what it hands to producers."""

from __future__ import annotations

from typing import Final

from tests.simulation.mutants.mutant import Mutant

KAFKA: Final = (
    Mutant(
        "a producer that was refused something is kept",
        "consumer.kafka.publisher",
        '            await self._replace(life, f"refused: {type(refused).__name__}")',
        "            pass",
    ),
    Mutant(
        "all records of a refused batch are refused",
        "consumer.kafka.publisher",
        "        doubtful = {end for end in settled if end.is_refused}",
        "        doubtful = set()",
    ),
    Mutant(
        "an error of the brokers is passed over",
        "consumer.kafka.publisher",
        "        if error is not None:\n            raise error\n        self._failures",
        "        if error is not None:\n            return []\n        self._failures",
    ),
    Mutant(
        "no acknowledgement in time is as good as one",
        "consumer.kafka.publisher",
        "            raise PublishTimeoutError(",
        "            return []\n            raise PublishTimeoutError(",
    ),
    Mutant(
        "a producer that was given up goes on writing",
        "consumer.kafka.publisher",
        "                await abandon_producer(failed.producer)\n",
        "",
    ),
    Mutant(
        "a producer that was given up is used again",
        "consumer.kafka.publisher",
        "                await abandon_producer(failed.producer)\n                self._life = None",
        "                await abandon_producer(failed.producer)",
    ),
    Mutant(
        "a record is left out",
        "consumer.kafka.writing",
        "    for item in publications:\n        sent",
        "    for item in publications[1:]:\n        sent",
    ),
    Mutant(
        "a refusal is no refusal",
        "consumer.kafka.writing",
        "isinstance(self.error, KafkaError) and not self.error.retriable and not self.future.cancelled()",
        "False",
    ),
)
