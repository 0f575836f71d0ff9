"""The contests of `python -m benchmarks`: who runs against whom, on which images, and what follows from it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.support.builds import Build
from benchmarks.support.bundles import for_fastembed
from benchmarks.support.contest import Contest, Contestant, Program
from benchmarks.support.figures import Figure
from benchmarks.support.peer_environment import site_packages
from benchmarks.support.services import new_pipeline
from benchmarks.support.streams import Stream, uploaded
from consumer.concurrency.cpus import available_cpus
from consumer.tagging.bundle.bundle import default_bundle_path
from devstack import Stack
from schemas import ObjectRef

_MB = 1e6
_OURS = Build()
Contestants = dict[str, tuple[Contestant, int]]


@dataclass(frozen=True, slots=True)
class Workload:
    """Where it is measured: the services, the images by the name of their set, and a folder for logs."""

    stack: Stack
    images: dict[str, Path]
    log_dir: Path
    rounds: int
    before: Build | None = None
    before_bundle: Path | None = None

    def objects(self, images: str) -> list[ObjectRef]:
        return uploaded(new_pipeline(self.stack, self.log_dir), self.images[images])

    @asynccontextmanager
    async def tagger(
        self, images: str, bundle: Path | None, *, processes: int = 1, build: Build = _OURS, **settings: str
    ) -> AsyncIterator[Stream]:
        """Run a tagger and a sink on events of these images; without ``bundle``, with the one that the build brings."""
        command = ("consumer", "tagger", *(("--workers", str(processes)) if processes > 1 else ()))
        stream = await Stream.start(
            new_pipeline(self.stack, self.log_dir),
            self.objects(images),
            command,
            sink=True,
            build=build,
            **({} if bundle is None else {"AEGIS_MODEL_BUNDLE": str(bundle)}),
            **settings,
        )
        try:
            yield stream
        finally:
            await stream.stop()

    @asynccontextmanager
    async def naive(self, images: str, bundle: Path) -> AsyncIterator[Stream]:
        pipeline = new_pipeline(self.stack, self.log_dir)
        stream = await Stream.start(pipeline, self.objects(images), ("benchmarks.peers.naive", str(bundle)), sink=False)
        try:
            yield stream
        finally:
            await stream.stop()

    @asynccontextmanager
    async def program(
        self, name: str, images: str, *arguments: Path | str, python: Path | None = None, packages: Path | None = None
    ) -> AsyncIterator[Program]:
        environment = {"PYTHONPATH": str(packages)} if packages else None
        program = await Program.start(
            name, self.images[images], *arguments, log_dir=self.log_dir, python=python, environment=environment
        )
        try:
            yield program
        finally:
            await program.stop()


async def against_others(place: Workload, bundle: Path, peers: Path | None, build: Path) -> list[Figure]:
    """Run the product, at one, two threads and two processes, against the limit and everybody else: 512 px PNGs."""
    images = "png512"
    async with AsyncExitStack() as exits:
        enter = exits.enter_async_context
        product = await enter(place.tagger(images, bundle))
        contestants: Contestants = {
            "limit": (await enter(place.program("limit", images, bundle)), 384),
            "product": (product, 480),
            "naive": (await enter(place.naive(images, bundle)), 40),
        }
        if place.before is not None:
            before = place.tagger(images, place.before_bundle, build=place.before)
            contestants["before"] = (await enter(before), 384)
        if peers is not None:
            fastembed = place.program(
                "fastembed_loop", images, for_fastembed(bundle, build / "fastembed"), python=peers
            )
            first = place.program("first_service", images, bundle, packages=site_packages(peers).resolve())
            contestants["fastembed"] = (await enter(fastembed), 48)
            contestants["first_service"] = (await enter(first), 2)
        contest = await Contest(contestants).run(place.rounds)
        rss_bytes = product.rss_bytes
    figures = [
        *(Figure(f"{name}_images_per_second", contest.rate(name), "images/s", None, "higher") for name in contestants),
        *(Figure(f"{name}_cpu_per_image", contest.cpu_ms(name), "CPU ms", None, "lower") for name in contestants),
        Figure("product_cpu_over_limit", contest.dearer("product", "limit"), "ratio", 1.15, "lower"),
        Figure("product_over_limit", contest.faster("product", "limit"), "ratio", 0.8, "higher"),
        Figure("product_over_naive", contest.faster("product", "naive"), "ratio", 3, "higher"),
    ]
    if place.before is not None:
        figures += _against_before(contest)
    if peers is not None:
        figures += [
            Figure("product_over_fastembed", contest.faster("product", "fastembed"), "ratio", 2.3, "higher"),
            Figure("product_over_first_service", contest.faster("product", "first_service"), "ratio", 75, "higher"),
        ]
    return [*figures, Figure("tagger_rss", rss_bytes / _MB, "MB", 380, "lower")]


def _against_before(contest: Contest) -> list[Figure]:
    """Return how the product compares with the other build, which each round runs beside it."""
    return [
        Figure("product_over_before", contest.faster("product", "before"), "ratio", None, "higher"),
        Figure("product_cpu_over_before", contest.dearer("product", "before"), "ratio", None, "lower"),
    ]


async def scaling(place: Workload, bundle: Path) -> list[Figure]:
    """Run one worker thread against two, and one process against two of one thread each."""
    images = "png512"
    async with AsyncExitStack() as exits:
        enter = exits.enter_async_context
        contest = await Contest(
            {
                "one": (await enter(place.tagger(images, bundle, AEGIS_MODEL_WORKERS="1")), 144),
                "threads": (await enter(place.tagger(images, bundle, AEGIS_MODEL_WORKERS="2")), 240),
                "processes": (await enter(place.tagger(images, bundle, processes=2, AEGIS_MODEL_WORKERS="1")), 240),
            }
        ).run(place.rounds)
    goal = 1.8 if available_cpus() >= 2 else None
    return [
        Figure("scaling_two_threads", contest.faster("threads", "one"), "ratio", goal, "higher"),
        Figure("scaling_two_processes", contest.faster("processes", "one"), "ratio", goal, "higher"),
    ]


async def near_the_limit(
    place: Workload, bundle: Path | None, images: str, name: str, *, processes: int = 1
) -> list[Figure]:
    """Run the product against the limit on another set of images, or with the model that each build brings (None).

    With several ``processes`` the product runs as so many, too, with one thread each where there is a CPU for each.
    """
    async with AsyncExitStack() as exits:
        enter = exits.enter_async_context
        contestants: Contestants = {
            "limit": (await enter(place.program("limit", images, bundle or default_bundle_path())), 144),
            "product": (await enter(place.tagger(images, bundle)), 192),
        }
        if place.before is not None:
            before_bundle = None if bundle is None else place.before_bundle
            contestants["before"] = (await enter(place.tagger(images, before_bundle, build=place.before)), 144)
        if processes > 1:
            several = place.tagger(images, bundle, processes=processes)
            contestants["processes"] = (await enter(several), 192)
        contest = await Contest(contestants).run(place.rounds)
    compared = [] if place.before is None else _against_before(contest)
    if processes > 1:
        ratio = contest.faster("processes", "limit")
        compared.append(Figure(f"{processes}_processes_over_limit", ratio, "ratio", None, "higher"))
    return [
        Figure(f"limit_images_per_second_{name}", contest.rate("limit"), "images/s", None, "higher"),
        Figure(f"product_images_per_second_{name}", contest.rate("product"), "images/s", None, "higher"),
        Figure(f"product_over_limit_{name}", contest.faster("product", "limit"), "ratio", None, "higher"),
        Figure(f"product_cpu_over_limit_{name}", contest.dearer("product", "limit"), "ratio", None, "lower"),
        *(replace(figure, figure=f"{figure.figure}_{name}") for figure in compared),
    ]


async def decoding(place: Workload) -> list[Figure]:
    """Run our decoder against Pillow's, by the CPU that each of them takes: one thread of its own each."""
    images = "png1024"
    async with (
        place.program("decoding", images, "ours") as ours,
        place.program("decoding", images, "pillow") as pillow,
    ):
        contest = await Contest({"ours": (ours, 48), "pillow": (pillow, 48)}).run(place.rounds)
    return [
        Figure("decode_cpu_per_image_1024", contest.cpu_ms("ours"), "CPU ms", None, "lower"),
        Figure("decode_over_pillow_1024", contest.dearer("pillow", "ours"), "ratio", 1.9, "higher"),
    ]


async def start(place: Workload, bundle: Path) -> list[Figure]:
    """Start a tagger, with an event waiting and the services up, until that event's tags are in PostgreSQL."""
    seconds = []
    for _ in range(3):
        async with place.tagger("png512", bundle) as stream:
            seconds.append(stream.first_seconds)
    return [Figure("start_to_first_tag", sorted(seconds)[1], "s", 3, "lower")]


def timed(say: Callable[[str], None], started: float, sentence: str) -> None:
    """Tell what begins, and when."""
    say(f"{time.monotonic() - started:6.0f} s  {sentence}")
