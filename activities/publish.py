"""Puts the output where links point."""

from dataclasses import dataclass

from temporalio import activity

from activities.boundary import at_boundary, reporter
from activities.workplace import Workplace
from contracts.steps import PublishInput, PublishResult
from engines import join


@dataclass(frozen=True, slots=True)
class Publish:
    """The step `publish`."""

    workplace: Workplace

    @activity.defn(name="publish", no_thread_cancel_exception=True)
    @at_boundary
    def publish(self, step: PublishInput) -> PublishResult:
        """Join the segments, add the sound as it came, and store the output whole."""
        report, blobs = reporter(), self.workplace.blobs
        key = f"jobs/{step.job_id}/output.mp4"
        with self.workplace.scratch(step.job_id) as scratch:
            out = scratch / "output.mp4"
            joined = join.publish(
                segments=[blobs.local(segment) for segment in step.segments],
                audio=blobs.local(step.audio.blob),
                duration_s=step.duration_s,
                out=out,
                report=report,
                field=step.audio.field,
            )
            report(1.0)
            blobs.put(key, out)
        return PublishResult(output=key, duration_s=joined.duration_s, size_bytes=joined.size_bytes)
