"""A job from request to settled outcome. The workflow is the truth: its memo answers every status call."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from contracts.errors import ErrorCode
    from contracts.jobs import (
        JobError,
        JobRequest,
        JobView,
        MediaInfo,
        Stage,
        Status,
        percent_of,
        webhook_workflow_id,
    )
    from contracts.steps import (
        ANALYSE,
        PUBLISH,
        RENDER,
        SETTLE,
        AnalyseInput,
        AnalyseResult,
        Delivery,
        PublishInput,
        RenderInput,
        Segment,
        SettleInput,
    )
    from contracts.visibility import JOB_PROGRESS, JOB_STAGE, JOB_STATUS, MEMO_VIEW
    from workflows.failures import CANCELLED, job_error
    from workflows.inputs import Inputs, fetch_inputs, named_files
    from workflows.sound import Sound, make_sound
    from workflows.steps import perform, side_by_side, to_the_end
    from workflows.webhook import DeliverWebhook

#: While segments finish, the memo moves on only every so many percent of the job: about ten times.
_PROGRESS_STEP_PERCENT = 7

#: Patch: an analysis that an earlier release made, and this one cannot render, is made again.
ANALYSE_AGAIN = "analyse-again"
#: Pauses before that, in seconds: while workers are brought to another release one by one, those of both take part.
_AGAIN_AFTER_S = (1, 15, 30, 60, 120)

_DOING: dict[Stage, str] = {
    Stage.FETCH: "Fetching the inputs.",
    Stage.SPEAK: "Making the speech.",
    Stage.ANALYSE: "Looking at the source and listening to the speech.",
    Stage.RENDER: "Rendering.",
    Stage.PUBLISH: "Joining the segments and adding the sound.",
    Stage.SETTLE: "Recording the outcome.",
}


@workflow.defn(name="LipsyncJob")
class LipsyncJob:
    """Fetch, analyse, render, publish; then, whatever came of it, settle and notify."""

    @workflow.init
    def __init__(self, request: JobRequest) -> None:
        self._request = request
        self._view = JobView(job_id=request.job_id, status=Status.QUEUED, stage=Stage.FETCH, warnings=request.warnings)
        self._short_side_px = 0
        self._is_cancelled = False
        self._is_retried = False
        # Only a reset gives a run another seed: what is replayed before it belongs to an earlier try.
        workflow.register_random_seed_callback(self._note_retry)

    @workflow.query
    def view(self) -> JobView:
        """The job as it stands."""
        return self._view

    @workflow.run
    async def run(self, request: JobRequest) -> JobView:
        """Take the job to its end.

        Raises:
            ApplicationError: when the job failed; its type is the error's code.
            CancelledError: when it was cancelled.
        """
        outcome = await self._outcome()
        await to_the_end(self._settle(outcome))
        if outcome.status is Status.CANCELLED:
            raise asyncio.CancelledError
        if outcome.error:
            raise ApplicationError(outcome.error.message, type=outcome.error.code, non_retryable=True)
        return self._view

    async def _outcome(self) -> JobView:
        """Do the work and say how it ended. `self._view` stays at the stage that was reached."""
        work = asyncio.create_task(self._work())
        try:
            await self._cancellable(work)
        except asyncio.CancelledError:
            return self._ended(Status.CANCELLED, CANCELLED)
        except ActivityError as failure:
            if self._is_cancelled:
                return self._ended(Status.CANCELLED, CANCELLED)
            return self._ended(Status.FAILED, job_error(self._view.stage, failure))
        return self._ended(Status.SUCCEEDED, None)

    async def _cancellable(self, work: asyncio.Task[None]) -> None:
        """Wait for the work; on cancellation stop it and wait until it has stopped.

        A step may finish in spite of its cancellation, so the next stage has to know of it too.
        """
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            self._is_cancelled = True
            work.cancel()
            await work

    async def _work(self) -> None:
        self._enter(Stage.FETCH, parts=len(named_files(self._request)))
        inputs = await fetch_inputs(self._request)
        # Shown with the next stage.
        self._view = replace(self._view, source=inputs.source.blob)
        sound = await self._sound(inputs)
        analysis, segments = await self._analysed_and_rendered(inputs, sound, _AGAIN_AFTER_S)
        await self._publish(segments, sound.heard, analysis)

    async def _sound(self, inputs: Inputs) -> Sound:
        """What is heard and what drives whom; only a script and two voices take work."""
        if self._request.script or inputs.right_audio:
            self._enter(Stage.SPEAK)
        return await make_sound(self._request, inputs)

    async def _analysed_and_rendered(
        self, inputs: Inputs, sound: Sound, pauses_s: Sequence[float]
    ) -> tuple[AnalyseResult, list[str]]:
        """Analyse, then render; both again after each pause where the analysis is of an earlier release."""
        analysis = await self._analyse(inputs, sound)
        try:
            return analysis, await self._render(inputs.source, analysis)
        except ActivityError as failure:
            if not pauses_s or not _is_outdated(failure) or not workflow.patched(ANALYSE_AGAIN):
                raise
        await workflow.sleep(pauses_s[0])
        return await self._analysed_and_rendered(inputs, sound, pauses_s[1:])

    async def _analyse(self, inputs: Inputs, sound: Sound) -> AnalyseResult:
        self._enter(Stage.ANALYSE)
        analysis = await perform(
            ANALYSE,
            AnalyseInput(
                job_id=self._request.job_id,
                engine=self._request.engine,
                source=inputs.source,
                voices=sound.voices,
                audio=sound.heard,
                options=self._request.options,
                seed=self._request.seed,
                prompt=self._request.prompt,
                mask=inputs.mask,
                face=self._request.face,
            ),
            self._request.engine,
        )
        self._short_side_px = min(analysis.width, analysis.height)
        self._view = replace(self._view, warnings=self._request.warnings + analysis.warnings)
        return analysis

    async def _render(self, source: MediaInfo, analysis: AnalyseResult) -> list[str]:
        self._enter(Stage.RENDER, parts=len(analysis.segments))
        done: list[Segment] = []

        async def render_one(segment: Segment) -> str:
            result = await perform(
                RENDER,
                RenderInput(
                    job_id=self._request.job_id,
                    engine=self._request.engine,
                    source=source,
                    analysis=analysis.analysis,
                    segment=segment,
                ),
                f"segment {segment.index + 1} of {len(analysis.segments)}",
            )
            done.append(segment)
            self._show_rendered(len(done), len(analysis.segments))
            return result.blob

        return await side_by_side([render_one(segment) for segment in analysis.segments])

    async def _publish(self, segments: list[str], audio: MediaInfo, analysis: AnalyseResult) -> None:
        self._enter(Stage.PUBLISH)
        published = await perform(
            PUBLISH,
            PublishInput(
                job_id=self._request.job_id,
                segments=tuple(segments),
                audio=audio,
                duration_s=analysis.duration_s,
            ),
            f"{len(segments)} segments",
        )
        self._view = replace(self._view, output=published.output, duration_s=published.duration_s)

    async def _settle(self, outcome: JobView) -> None:
        """Record the outcome, show it, and send the webhook on its way."""
        workflow.set_current_details(_DOING[Stage.SETTLE])
        settled = await perform(
            SETTLE,
            SettleInput(
                job_id=outcome.job_id,
                status=outcome.status,
                started_at=outcome.started_at,
                finished_at=outcome.finished_at,
                execution_ms=outcome.execution_ms,
                output=outcome.output,
                duration_s=outcome.duration_s,
                short_side_px=self._short_side_px,
                error=outcome.error,
                warnings=outcome.warnings,
                source=outcome.source,
            ),
            outcome.status,
        )
        self._show(replace(outcome, credits=settled.credits))
        workflow.set_current_details(_summary(self._view))
        if settled.delivery:
            await _send_off(settled.delivery)

    def _note_retry(self, seed: int) -> None:
        # The clock cannot be read from here; the step that is tried again comes next.
        self._is_retried = True

    def _enter(self, stage: Stage, parts: int = 1) -> None:
        if self._is_cancelled:
            raise asyncio.CancelledError
        is_first = self._is_retried or not self._view.started_at
        started_at = _timestamp(workflow.now()) if is_first else self._view.started_at
        self._is_retried = False
        self._show(
            replace(
                self._view,
                status=Status.RUNNING,
                stage=stage,
                percent=percent_of(stage, 0.0),
                parts=parts,
                started_at=started_at,
            )
        )
        workflow.set_current_details(_DOING[stage])

    def _show_rendered(self, done: int, total: int) -> None:
        workflow.set_current_details(f"Rendering: {done} of {total} segments are done.")
        percent = percent_of(Stage.RENDER, done / total)
        if percent - self._view.percent >= _PROGRESS_STEP_PERCENT:
            self._show(replace(self._view, percent=percent))

    def _show(self, view: JobView) -> None:
        """Make this the job's view, for the query, the memo and the lists."""
        self._view = view
        workflow.upsert_memo({MEMO_VIEW: view})
        workflow.upsert_search_attributes(
            [
                JOB_STATUS.value_set(view.status),
                JOB_STAGE.value_set(view.stage),
                JOB_PROGRESS.value_set(view.percent),
            ]
        )

    def _ended(self, status: Status, error: JobError | None) -> JobView:
        now = workflow.now()
        view = self._view
        succeeded = status is Status.SUCCEEDED
        # A job cancelled before its first step has not started.
        started = datetime.fromisoformat(view.started_at) if view.started_at else now
        return replace(
            view,
            status=status,
            stage=Stage.SETTLE if succeeded else view.stage,
            percent=100 if succeeded else view.percent,
            finished_at=_timestamp(now),
            execution_ms=round((now - started).total_seconds() * 1000),
            output=view.output if succeeded else "",
            duration_s=view.duration_s if succeeded else 0.0,
            error=error,
        )


def _is_outdated(failure: ActivityError) -> bool:
    return isinstance(failure.cause, ApplicationError) and failure.cause.type == ErrorCode.ANALYSIS_OUTDATED


async def _send_off(delivery: Delivery) -> None:
    """Start the delivery as a child that outlives this workflow."""
    try:
        await workflow.start_child_workflow(
            DeliverWebhook.run,
            delivery,
            id=webhook_workflow_id(delivery.delivery_id),
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"webhook of {delivery.job_id}",
        )
    except WorkflowAlreadyStartedError:
        workflow.logger.info("webhook_already_sent_off delivery=%s", delivery.delivery_id)


def _summary(view: JobView) -> str:
    if view.error:
        return f"{view.status}: {view.error.message}"
    return f"{view.status}: {view.duration_s:.1f} s of video for {view.credits} credits"


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
