"""Removes what an inspection fetched."""

from dataclasses import dataclass

from temporalio import activity

from activities.boundary import at_boundary
from activities.workplace import Workplace
from contracts.inspections import DiscardInput, DiscardResult


@dataclass(frozen=True, slots=True)
class Discard:
    """The step `discard`."""

    workplace: Workplace

    @activity.defn(name="discard", no_thread_cancel_exception=True)
    @at_boundary
    def discard(self, step: DiscardInput) -> DiscardResult:
        """Remove the files that were stored under a name; what a client uploaded stays."""
        self.workplace.blobs.delete_prefix(f"jobs/{step.job_id}")
        self.workplace.sweep(step.job_id)
        return DiscardResult()
