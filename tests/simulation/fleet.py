"""Many seeds, and many mutants, over several processes."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.simulation.mutants import ALL, Mutant
from tests.simulation.mutants.applying import apply

_CHUNK = 50
_SEEDS_A_MUTANT = 2000


@dataclass(slots=True)
class Summary:
    """What came of some seeds."""

    seeds: int = 0
    cpu_seconds: float = 0.0
    virtual_seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    # The seeds that broke a promise, the first of them with the story of its shrunk plan.
    failed: list[int] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)
    # By seed: what is the same whenever and wherever it runs.
    fingerprints: dict[int, tuple[float, int]] = field(default_factory=dict)

    def add(self, other: Summary) -> None:
        self.seeds += other.seeds
        self.cpu_seconds += other.cpu_seconds
        self.virtual_seconds += other.virtual_seconds
        self.counts += other.counts
        self.failed += other.failed
        self.stories += other.stories
        self.fingerprints |= other.fingerprints


def simulate(seeds: range, jobs: int) -> Summary:
    """Run all seeds; of the first failures the stories are told."""
    total = Summary()
    with _pool(jobs) as pool:
        chunks = [seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK)]
        for done in as_completed([pool.submit(run_seeds, chunk) for chunk in chunks]):
            total.add(done.result())
    total.failed.sort()
    return total


def run_seeds(seeds: range) -> Summary:
    """Run these seeds here; the first that fails is shrunk."""
    from tests.simulation.plan import make_plan  # noqa: PLC0415 - a mutant is applied before anything is imported
    from tests.simulation.run import be_quiet, run  # noqa: PLC0415 - as above
    from tests.simulation.shrink import shrink, story  # noqa: PLC0415 - as above

    be_quiet()
    summary = Summary()
    for seed in seeds:
        started = time.process_time()
        outcome = run(make_plan(seed))
        summary.cpu_seconds += time.process_time() - started
        summary.seeds += 1
        summary.virtual_seconds += outcome.virtual_seconds
        summary.counts += outcome.counts
        summary.fingerprints[seed] = outcome.fingerprint
        if outcome.violations:
            summary.failed.append(seed)
            if not summary.stories:
                summary.stories.append(story(shrink(outcome)))
    return summary


def told(seed: int) -> tuple[str, bool]:
    """Return the story of one seed, and whether a promise was broken."""
    with _pool(1) as pool:
        return pool.submit(_told, seed).result()


def _told(seed: int) -> tuple[str, bool]:
    from tests.simulation.plan import make_plan  # noqa: PLC0415 - as in run_seeds
    from tests.simulation.run import be_quiet, run  # noqa: PLC0415 - as above
    from tests.simulation.shrink import shrink, story  # noqa: PLC0415 - as above

    be_quiet()
    outcome = run(make_plan(seed), recording=True)
    return story(shrink(outcome) if outcome.violations else outcome), bool(outcome.violations)


def hunt_all(jobs: int) -> Iterator[tuple[Mutant, str | None]]:
    """Yield each mutant with what killed it, None for one that lives."""
    with _pool(jobs, max_tasks_per_child=1) as pool:
        hunts = {pool.submit(hunt, mutant): mutant for mutant in ALL}
        for done in as_completed(hunts):
            yield hunts[done], done.result()


def hunt(mutant: Mutant) -> str | None:
    """Return which promise the mutant breaks at which seed, None where it breaks none; call in a new process."""
    apply(mutant)
    from tests.simulation.plan import make_plan  # noqa: PLC0415 - only now, see above
    from tests.simulation.run import be_quiet, run  # noqa: PLC0415 - as above

    be_quiet()
    for seed in range(_SEEDS_A_MUTANT):
        outcome = run(make_plan(seed))
        if outcome.violations:
            return f"seed {seed}: {outcome.violations[0].promise.value}"
    return None


def _pool(jobs: int, max_tasks_per_child: int | None = None) -> ProcessPoolExecutor:
    # The order of sets of strings hangs on it; a seed must do the same in every process.
    os.environ["PYTHONHASHSEED"] = "0"
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=max_tasks_per_child)
