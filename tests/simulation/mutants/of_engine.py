"""Mutants of the engine: sessions, polling, ownership, stalls, the breaker."""

from __future__ import annotations

from typing import Final

from tests.simulation.mutants.mutant import Mutant

ENGINE: Final = (
    Mutant(
        "foreign records are not sought back",
        "consumer.stream.polling",
        "                self._consumer.seek(partition, first)",
        "                pass",
    ),
    Mutant(
        "offsets that go back are not noticed",
        "consumer.stream.polling",
        "if not assignment.is_next(first):",
        "if False:",
    ),
    Mutant(
        "only the first of the fetched records is taken",
        "consumer.stream.polling",
        "list(map(SourceRecord.of, messages, behind))",
        "list(map(SourceRecord.of, messages[:1], behind))",
    ),
    Mutant(
        "a poll that fails ends the engine",
        "consumer.stream.session",
        '            self._watch.poll_error = f"{type(error).__name__}: {error}"',
        "            raise",
    ),
    Mutant(
        "a start that fails ends the engine",
        "consumer.stream.connecting",
        "        except KafkaError as error:",
        "        except ConnectionAbortedError as error:",
    ),
    Mutant(
        "offsets are never committed in between",
        "consumer.stream.session",
        "            await self._committer.commit(self._owned)",
        "            pass",
    ),
    Mutant(
        "what goes back does not end the session alone",
        "consumer.stream.engine",
        "        except (OffsetsWentBackError, TopicMadeAnewError) as error:",
        "        except ConnectionAbortedError as error:",
    ),
    Mutant(
        "liveness never fails",
        "consumer.stream.engine",
        "            self._rebuilt = True",
        "            pass",
    ),
    Mutant(
        "a consumer that delivers what nobody finishes has helped",
        "consumer.stream.session",
        "return self._intake.finished > 0",
        "return self._intake.received > 0",
    ),
    Mutant(
        "nobody compares where a partition goes on with its log",
        "consumer.stream.partitions.positions",
        "            self._compare(place, committed, begin, end)\n",
        "",
    ),
    Mutant(
        "nobody looks for partitions that stand still",
        "consumer.stream.watching",
        "            self._stuck.look(self._owned, time.monotonic(), is_outage=self._is_outage())\n",
        "",
    ),
    Mutant(
        "a stall is never noticed",
        "consumer.stream.watchdog",
        "if idle_seconds >= self.stall_seconds:",
        "if False:",
    ),
    Mutant(
        "no stall while the breaker waits for a record",
        "consumer.stream.watching",
        "self._breaker.state is BreakerState.OPEN",
        "self._breaker.state is not BreakerState.CLOSED",
    ),
    Mutant(
        "waiting out the breaker is busy",
        "consumer.stream.processing.intake",
        "        if self.budget.room():\n            await asyncio.get_running_loop().create_future()\n",
        "",
    ),
    Mutant(
        "the breaker does not count dead letters",
        "consumer.stream.processing.intake",
        "self._finish(assignment, record, failed=disposition is not None)",
        "self._finish(assignment, record)",
    ),
    Mutant(
        "an open breaker stays open",
        "consumer.stream.failures.breaker",
        "now - self._opened_at >= self._limits.cool_down_seconds",
        "now < self._opened_at",
    ),
    Mutant(
        "an open breaker admits everything",
        "consumer.stream.failures.breaker",
        "return self._state is BreakerState.HALF_OPEN and in_flight == 0",
        "return True",
    ),
    Mutant(
        "room is given back twice",
        "consumer.stream.processing.intake",
        "        self.budget.give_back(item.size_bytes)\n",
        "        self.budget.give_back(item.size_bytes)\n        self.budget.give_back(item.size_bytes)\n",
    ),
    Mutant(
        "what is not stored together counts as finished",
        "consumer.stream.processing.intake",
        "is_finished = is_durable and item.turn.is_up",
        "is_finished = item.turn.is_up",
    ),
    Mutant(
        "what fails together is left where it is",
        "consumer.stream.processing.intake",
        "            else:\n                self._begin(assignment, item)\n",
        "",
    ),
    Mutant(
        "records in flight are not counted",
        "consumer.stream.processing.budget",
        "min(fitting, self._max_records - self._held_records)",
        "min(fitting, self._max_records)",
    ),
    Mutant(
        "a drain does not end work that waits out a fault",
        "consumer.stream.partitions.assignment",
        "        assignment.closing.set()",
        "        pass",
    ),
    Mutant(
        "what was given up in a drain is written later",
        "consumer.stream.partitions.ownership",
        "            if abandoned:\n",
        "            if False:\n",
    ),
    Mutant(
        "a drain has no deadline",
        "consumer.stream.partitions.assignment",
        "await asyncio.wait(running, timeout=deadline_seconds)",
        "await asyncio.wait(running)",
    ),
    Mutant(
        "a shutdown is not noticed while nothing comes",
        "consumer.stream.session",
        "        while not stop.is_set():\n            room",
        "        while True:\n            room",
    ),
)
