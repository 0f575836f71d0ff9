"""Opening the model that the settings name."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from consumer.findings.project import Project, parse_project
from consumer.imaging.picture import ImageLimits
from consumer.services.bundles import opened_bundle
from consumer.services.errors import StartupError
from consumer.services.tuned import apply_tuning
from consumer.settings import FindingsSettings, ModelSettings
from consumer.tagging.bundle.bundle import Bundle, BundleError
from consumer.tagging.inference.embed import Embedder, open_embedder
from consumer.tagging.inference.sessions import ModelError
from consumer.tagging.looking import Looker
from consumer.tagging.pipeline import TaggingPipeline
from consumer.telemetry.metrics import Metrics

# Threads that decode hold Python's lock for as long as they are let, 5 ms by default. The event loop takes it a dozen
# times for each record, so that it would wait longer than it works.
_SWITCH_SECONDS: Final = 0.001


async def open_pipeline(
    settings: ModelSettings, limits: ImageLimits, metrics: Metrics, bundle: Bundle | None = None
) -> TaggingPipeline:
    """Load, verify and warm up the model, and set the process up for its threads.

    ``bundle``: in place of the one that the settings name.

    Raises:
        StartupError: the bundle is not whole, or its model does not run here as the settings want it.

    """
    opened = await _open(settings, bundle)
    return await _running(opened, limits, metrics)


async def open_pipelines(
    settings: ModelSettings, limits: ImageLimits, metrics: Metrics, bundles: Sequence[Bundle]
) -> list[TaggingPipeline]:
    """Open a pipeline for each bundle as :func:`open_pipeline` does; those of one model share its session."""
    models: dict[str, _Opened] = {}
    pipelines = []
    for bundle in bundles:
        if bundle.digest not in models:
            models[bundle.digest] = await _open(settings, bundle)
        pipelines.append(await _running(replace(models[bundle.digest], bundle=bundle), limits, metrics))
    return pipelines


async def load_bundle_of(settings: ModelSettings) -> Bundle:
    """Load and verify the bundle alone; raises StartupError."""
    try:
        return await asyncio.to_thread(opened_bundle, settings)
    except (BundleError, ModelError) as error:
        raise StartupError(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Opened:
    """A bundle, its session, and the settings that it runs with."""

    settings: ModelSettings
    bundle: Bundle
    embedder: Embedder


async def _open(settings: ModelSettings, bundle: Bundle | None) -> _Opened:
    try:
        return await asyncio.to_thread(_load, settings, bundle)
    except (BundleError, ModelError) as error:
        raise StartupError(str(error)) from error


def _load(given_settings: ModelSettings, given: Bundle | None) -> _Opened:
    bundle = given or opened_bundle(given_settings)
    settings = apply_tuning(given_settings, bundle)
    return _Opened(settings, bundle, open_embedder(bundle, settings.precision, settings.provider))


async def _running(opened: _Opened, limits: ImageLimits, metrics: Metrics) -> TaggingPipeline:
    sys.setswitchinterval(_SWITCH_SECONDS)
    settings = opened.settings
    pipeline = TaggingPipeline(
        opened.bundle,
        opened.embedder,
        limits=limits,
        workers=settings.workers,
        max_batch=settings.max_batch,
        max_wait_ms=settings.max_wait_ms,
        use_names=settings.use_names,
        looker=_looker(FindingsSettings()),
        on_batch=metrics.batch_inferred,
    )
    await pipeline.warm_up()
    metrics.model_loaded(pipeline.model, pipeline.taxonomy)
    return pipeline


def _looker(settings: FindingsSettings) -> Looker | None:
    """Return who looks images over, None where nobody shall."""
    if not settings.enabled:
        return None
    if settings.project is None:
        return Looker(Project())
    named = f"AEGIS_FINDINGS_PROJECT={settings.project}"
    try:
        return Looker(parse_project(settings.project.read_text(encoding="utf-8"), Project))
    except OSError as error:
        raise StartupError(f"{named} cannot be read ({error.strerror}): write one with aegis lint --init") from error
    except ValueError as error:
        raise StartupError(f"{named} {error}") from error
