"""Runs an engine's analysis of one job."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from temporalio import activity

from activities.boundary import at_boundary, reporter
from activities.computing import device_faults
from activities.engine_cache import EngineCache
from activities.workplace import Workplace
from contracts.errors import InputError, NoFace, TooFewFaces
from contracts.jobs import MediaInfo
from contracts.settings import SOFTWARE_ENCODER
from contracts.steps import AnalyseInput, AnalyseResult, Voice
from engines import pipeline
from engines.audio import read_speech
from engines.base import Direction, Report, Waiting
from engines.timings import read_timings
from engines.words import Drive, drive
from storage.blobs import BlobStore


@dataclass(frozen=True, slots=True)
class Analyse:
    """The step `analyse`."""

    workplace: Workplace
    engines: EngineCache
    encoder: str = SOFTWARE_ENCODER

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
            with _fields_named(step):
                voices = [
                    _drive(blobs, voice, step.options.sync_offset_ms, lambda: report(0.0)) for voice in step.voices
                ]
                plan = self._plan(step, voices, out, report)
            blobs.put(key, out)
        return AnalyseResult(
            analysis=key,
            segments=plan.segments,
            frames=plan.frames,
            duration_s=plan.duration_s,
            width=plan.width,
            height=plan.height,
            warnings=tuple(warning for voice in voices for warning in voice.warnings) + plan.warnings,
        )

    def _plan(self, step: AnalyseInput, voices: Sequence[Drive], out: Path, report: Report) -> pipeline.Plan:
        blobs = self.workplace.blobs
        return pipeline.analyse(
            self.engines.get(step.engine),
            source=blobs.local(step.source.blob),
            source_info=step.source,
            voices=[voice.speech for voice in voices],
            audio_duration_s=step.audio.duration_s,
            options=step.options,
            segment_s=self.workplace.settings.segment_s,
            direction=Direction(seed=step.seed, prompt=step.prompt, enhance=step.options.enhance, face=step.face),
            out=out,
            report=report,
            mask=_mask(blobs, step.mask),
            encoder=self.encoder,
        )


@contextmanager
def _fields_named(step: AnalyseInput) -> Iterator[None]:
    """Name the field that is at fault: an engine does not know what the request calls its inputs."""
    try:
        yield
    except InputError as fault:
        is_unseen = isinstance(fault, NoFace | TooFewFaces)
        at_fault = (step.mask or step.source) if is_unseen else step.voices[0].media
        fault.field = fault.field or at_fault.field
        raise


def _drive(blobs: BlobStore, voice: Voice, offset_ms: int, waiting: Waiting) -> Drive:
    """What moves the lips of one face: a voice with its timings if there are any, from its start on."""
    speech = replace(read_speech(blobs.local(voice.media.blob), voice.media.field), side=voice.side)
    if voice.phones:
        speech = replace(speech, phones=read_timings(blobs.local(voice.phones)))
    return drive(speech, voice.timings, voice.start_s + offset_ms / 1000, waiting)


def _mask(blobs: BlobStore, mask: MediaInfo | None) -> pipeline.MaskFile | None:
    return pipeline.MaskFile(path=blobs.local(mask.blob), field=mask.field) if mask else None
