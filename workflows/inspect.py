"""Looks at files before there is a job of them, and leaves nothing of them behind."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.workflow import ActivityCancellationType

with workflow.unsafe.imports_passed_through():
    from contracts.inspections import DiscardInput, Inspection, InspectionRequest, SurveyInput, inspection_name
    from contracts.jobs import MediaInfo, MediaRef, Stage
    from contracts.steps import DISCARD, SURVEY, FetchInput
    from workflows.failures import job_error
    from workflows.inputs import fetch
    from workflows.steps import perform, side_by_side, to_the_end


@workflow.defn(name="InspectMedia")
class InspectMedia:
    """Fetch, survey; then, whatever came of it, discard."""

    @workflow.init
    def __init__(self, request: InspectionRequest) -> None:
        self._request = request
        self._name = inspection_name(request.inspection_id)

    @workflow.run
    async def run(self, request: InspectionRequest) -> Inspection:
        """Find out what a job of these files would meet.

        Raises:
            ApplicationError: when the files are refused, as a job would refuse them; its type is the error's code.
            CancelledError: when it was cancelled.
        """
        work = asyncio.create_task(self._work())
        try:
            return await self._cancellable(work)
        finally:
            await to_the_end(perform(DISCARD, DiscardInput(job_id=self._name), "what was fetched"))

    async def _cancellable(self, work: asyncio.Task[Inspection]) -> Inspection:
        """Wait for the work; on cancellation stop it, and go on only once it has stopped."""
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            raise

    async def _work(self) -> Inspection:
        stage = Stage.FETCH
        workflow.set_current_details("Fetching the files.")
        try:
            source, audio = await self._fetched()
            stage = Stage.ANALYSE
            workflow.set_current_details("Looking for faces and measuring the length.")
            survey = await perform(
                SURVEY,
                SurveyInput(job_id=self._name, source=source, audio=audio, options=self._request.options),
                "faces and length",
            )
        except ActivityError as failure:
            error = job_error(stage, failure)
            workflow.set_current_details(f"Refused: {error.message}")
            raise ApplicationError(error.message, type=error.code, non_retryable=True) from failure
        workflow.set_current_details(f"Found {len(survey.faces)} faces.")
        return Inspection(
            source=source,
            audio=audio,
            faces=survey.faces,
            plan=survey.plan,
            warnings=self._request.warnings + survey.warnings,
        )

    async def _fetched(self) -> tuple[MediaInfo, MediaInfo | None]:
        wanted = [self._fetch(self._request.source, or_image=self._request.or_image)]
        if self._request.audio:
            wanted.append(self._fetch(self._request.audio, or_image=False))
        source, *audio = await side_by_side(wanted)
        return source, audio[0] if audio else None

    async def _fetch(self, media: MediaRef, *, or_image: bool) -> MediaInfo:
        step = FetchInput(job_id=self._name, media=media, or_image=or_image, key_id=self._request.key_id)
        # Waited for even when it is cancelled: what it stores after the discard would stay for ever.
        return await fetch(step, ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
