"""Makes one sound of two speakers' voices."""

from dataclasses import dataclass

from temporalio import activity

from activities.boundary import at_boundary, reporter
from activities.workplace import Workplace
from contracts.errors import MediaTooLong
from contracts.jobs import MediaInfo, Role
from contracts.steps import MixInput, MixResult
from engines.mixing import Source, mix


@dataclass(frozen=True, slots=True)
class Mix:
    """The step `mix`."""

    workplace: Workplace

    @activity.defn(name="mix", no_thread_cancel_exception=True)
    @at_boundary
    def mix(self, step: MixInput) -> MixResult:
        """Put two voices together, at once or one after the other, without loss."""
        report, blobs, settings = reporter(), self.workplace.blobs, self.workplace.settings
        key = f"jobs/{step.job_id}/inputs/mixed-{step.order}"
        with self.workplace.scratch(step.job_id) as scratch:
            out = scratch / "mixed.wav"
            left, right = (Source(path=blobs.local(voice.blob), field=voice.field) for voice in (step.left, step.right))
            mixed = mix(left, right, step.order, out, report)
            if mixed.duration_s > settings.max_duration_s:
                raise MediaTooLong(
                    f"the two voices together are longer than {settings.max_duration_s:g} s", field=step.right.field
                )
            audio = MediaInfo(
                role=Role.AUDIO,
                field=step.left.field,
                blob=key,
                container="audio/wav",
                size_bytes=out.stat().st_size,
                duration_s=mixed.duration_s,
            )
            blobs.put(key, out)
        return MixResult(audio=audio, left_start_s=mixed.left_start_s, right_start_s=mixed.right_start_s)
