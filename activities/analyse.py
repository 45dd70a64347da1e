"""Runs an engine's analysis of one job."""

from dataclasses import dataclass

from temporalio import activity

from activities.boundary import at_boundary, reporter
from activities.computing import device_faults
from activities.engine_cache import EngineCache
from activities.workplace import Workplace
from contracts.errors import NoFace
from contracts.steps import AnalyseInput, AnalyseResult
from engines import pipeline


@dataclass(frozen=True, slots=True)
class Analyse:
    """The step `analyse`."""

    workplace: Workplace
    engines: EngineCache

    @activity.defn(name="analyse", no_thread_cancel_exception=True)
    @at_boundary
    def analyse(self, step: AnalyseInput) -> AnalyseResult:
        """Look at the source, hear the speech, and cut the output into segments.

        The result is named after the run that made it: when a later run starts over, it shares no segment with it.
        """
        report, blobs = reporter(), self.workplace.blobs
        key = f"jobs/{step.job_id}/work/{activity.info().workflow_run_id}/analysis.safetensors"
        with self.workplace.scratch(step.job_id) as scratch, device_faults():
            out = scratch / "analysis.safetensors"
            try:
                plan = pipeline.analyse(
                    self.engines.get(step.engine),
                    source=blobs.local(step.source.blob),
                    source_info=step.source,
                    speech=blobs.local(step.speech.blob),
                    audio_duration_s=step.audio.duration_s,
                    options=step.options,
                    segment_s=self.workplace.settings.segment_s,
                    seed=step.seed,
                    out=out,
                    report=report,
                )
            except NoFace as fault:
                # An engine does not know what the request calls its source.
                fault.field = step.source.field
                raise
            blobs.put(key, out)
        return AnalyseResult(
            analysis=key,
            segments=plan.segments,
            frames=plan.frames,
            duration_s=plan.duration_s,
            width=plan.width,
            height=plan.height,
            warnings=plan.warnings,
        )
