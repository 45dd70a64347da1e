"""Renders one segment."""

import logging
import time
from dataclasses import dataclass
from pathlib import PurePosixPath

from temporalio import activity

from activities.boundary import at_boundary, reporter
from activities.computing import device_faults
from activities.engine_cache import EngineCache
from activities.workplace import Workplace
from contracts.steps import RenderInput, RenderResult, Segment
from engines import pipeline
from telemetry.catalogue import ENGINE_FRAMES, SEGMENT_SECONDS
from telemetry.meter import meter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Render:
    """The step `render`."""

    workplace: Workplace
    engines: EngineCache

    @activity.defn(name="render", no_thread_cancel_exception=True)
    @at_boundary
    def render(self, step: RenderInput) -> RenderResult:
        """Render and encode one segment; one that an earlier attempt or run has finished is kept."""
        report, blobs = reporter(), self.workplace.blobs
        key = _key(step.analysis, step.segment)
        if blobs.exists(key):
            logger.info("segment_kept index=%d", step.segment.index)
            return RenderResult(blob=key)
        with self.workplace.scratch(step.job_id) as scratch, device_faults():
            out, begun = scratch / PurePosixPath(key).name, time.monotonic()
            pipeline.render(
                self.engines.get(step.engine),
                source=blobs.local(step.source.blob),
                source_info=step.source,
                analysis=blobs.local(step.analysis),
                segment=step.segment,
                out=out,
                report=report,
            )
            meter.observe(SEGMENT_SECONDS, time.monotonic() - begun, step.engine)
            meter.add(ENGINE_FRAMES, step.segment.end - step.segment.start, step.engine)
            blobs.put(key, out)
        return RenderResult(blob=key)


def _key(analysis: str, segment: Segment) -> str:
    return f"{PurePosixPath(analysis).parent}/segment-{segment.index:05d}.mp4"
