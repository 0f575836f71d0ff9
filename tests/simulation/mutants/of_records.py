"""Mutants of what decides on one record: ledger, commits, lanes, processor, dead letters, faults."""

from __future__ import annotations

from typing import Final

from tests.simulation.mutants.mutant import Mutant

RECORDS: Final = (
    Mutant(
        "the watermark passes records that are not finished",
        "consumer.stream.partitions.ledger",
        "while self._order and self._order[0] not in self._unfinished:",
        "while self._order:",
    ),
    Mutant(
        "the watermark is the last finished offset, not the next",
        "consumer.stream.partitions.ledger",
        "self._watermark = self._order.popleft() + 1",
        "self._watermark = self._order.popleft()",
    ),
    Mutant(
        "what was received is committed",
        "consumer.stream.partitions.ledger",
        "return self._watermark if self._watermark != self._committed else None",
        "return None if self._newest is None or self._newest + 1 == self._committed else self._newest + 1",
    ),
    Mutant(
        "a commit counts before the group has it",
        "consumer.stream.partitions.commits",
        "        await self._commits.commit(ahead)\n        for place, offset in ahead.items():\n",
        "        for place, offset in ahead.items():\n            owned[place].ledger.committed(offset)\n"
        "        await self._commits.commit(ahead)\n        for place, offset in ahead.items():\n",
    ),
    Mutant(
        "a commit that fails ends the engine",
        "consumer.stream.partitions.commits",
        "except (KafkaError, IllegalStateError, TimeoutError) as error:",
        "except TimeoutError as error:",
    ),
    Mutant(
        "an offset counts in whatever topic has the name",
        "consumer.stream.partitions.source_topics",
        "return self._ids.get(topic) is not None and label.startswith(_LABEL) and label != self.label_of(topic)",
        "return False",
    ),
    Mutant(
        "records are taken before it is known where the group stopped",
        "consumer.stream.partitions.assignment",
        "self.is_placed = False",
        "self.is_placed = True",
    ),
    Mutant(
        "nobody looks whether the topic is still the one that it was",
        "consumer.stream.watching",
        "            await self._source.check_unless_away(self._consumer)\n",
        "",
    ),
    Mutant(
        "nobody waits for the records of the same key",
        "consumer.stream.partitions.lanes",
        "        await self._predecessor._left.wait()  # noqa: SLF001 - turns of one lane know each other\n",
        "",
    ),
    Mutant(
        "a record overtakes one that was left behind",
        "consumer.stream.partitions.lanes",
        "return self._predecessor._done  # noqa: SLF001 - as above",
        "return True",
    ),
    Mutant(
        "what was abandoned counts as finished",
        "consumer.stream.processing.intake",
        "            except RecordAbandonedError:\n                return False",
        "            except RecordAbandonedError:\n                disposition = None",
    ),
    Mutant(
        "the turn is waited for, its answer ignored",
        "consumer.stream.processing.processor",
        "        if not await turn.comes():\n            raise RecordAbandonedError",
        "        await turn.comes()",
    ),
    Mutant(
        "a bad record has no dead letter",
        "consumer.stream.processing.processor",
        "        await self._bury(assignment, record, letter)\n",
        "",
    ),
    Mutant(
        "a dead letter is tried once",
        "consumer.stream.processing.processor",
        "            await self._pause(assignment, record, failure, attempt)",
        "            break",
    ),
    Mutant(
        "a result is not waited for",
        "consumer.stream.processing.processor",
        "                await self._publisher.send(publications)",
        "                asyncio.ensure_future(self._publisher.send(publications))",
    ),
    Mutant(
        "a result that was not acknowledged counts",
        "consumer.stream.processing.processor",
        "                if letter is not None:\n                    return letter\n            else:",
        "                return letter\n            else:",
    ),
    Mutant(
        "outages count as attempts",
        "consumer.stream.processing.processor",
        "        if kind is FaultKind.UNKNOWN:",
        "        if kind is not FaultKind.POISON:",
    ),
    Mutant(
        "poison is tried again for ever",
        "consumer.stream.processing.processor",
        "        if kind is FaultKind.POISON:",
        "        if False:",
    ),
    Mutant(
        "a dead letter that is too large is tried for ever",
        "consumer.stream.processing.processor",
        "        except TOO_LARGE_ERRORS:\n",
        "        except ConnectionAbortedError:\n",
    ),
    Mutant(
        "a dead letter lacks the record's headers",
        "consumer.stream.failures.dead_letter_records",
        "letter.to_headers(record.headers)",
        "letter.to_headers(())",
    ),
    Mutant(
        "a dead letter lacks the record's value",
        "consumer.stream.failures.dead_letter_records",
        "return _publication(record, record.key, record.value, ",
        'return _publication(record, record.key, b"", ',
    ),
    Mutant(
        "a service that cannot be reached is the record's fault",
        "consumer.stream.failures.faults",
        "FaultRow(ConnectionError, FaultKind.TRANSIENT,",
        "FaultRow(ConnectionError, FaultKind.POISON,",
    ),
)
