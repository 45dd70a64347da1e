"""Looks at files before there is a job of them."""

from dataclasses import dataclass

from temporalio import activity

from activities.boundary import at_boundary, reporter
from activities.computing import device_faults
from activities.workplace import Workplace
from contracts.inspections import SurveyInput, SurveyResult
from engines import survey
from engines.people.faces import FaceFinder


@dataclass(frozen=True, slots=True)
class Survey:
    """The step `survey`."""

    workplace: Workplace
    finder: FaceFinder

    @activity.defn(name="survey", no_thread_cancel_exception=True)
    @at_boundary
    def survey(self, step: SurveyInput) -> SurveyResult:
        """Find the faces of a source and plan the output."""
        report = reporter()
        with self.workplace.scratch(step.job_id), device_faults():
            return survey.survey(
                self.finder,
                self.workplace.blobs.local(step.source.blob),
                step.source,
                step.audio.duration_s if step.audio else None,
                step.options,
                self.workplace.settings.segment_s,
                report,
            )
