"""A job from request to settled outcome. The workflow is the truth: its memo answers every status call."""

import asyncio
from dataclasses import replace
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ActivityCancellationType, ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from contracts.jobs import JobError, JobRequest, JobView, MediaInfo, MediaRef, Stage, Status, percent_of
    from contracts.steps import (
        ANALYSE,
        FETCH,
        PUBLISH,
        RENDER,
        SETTLE,
        AnalyseInput,
        AnalyseResult,
        Delivery,
        FetchInput,
        PublishInput,
        RenderInput,
        Segment,
        SettleInput,
    )
    from contracts.visibility import JOB_PROGRESS, JOB_STAGE, JOB_STATUS, MEMO_VIEW
    from workflows.failures import CANCELLED, job_error
    from workflows.steps import perform, side_by_side, to_the_end
    from workflows.webhook import DeliverWebhook, webhook_workflow_id

#: While segments finish, the memo moves on only every so many percent of the job: about ten times.
_PROGRESS_STEP_PERCENT = 7

_DOING: dict[Stage, str] = {
    Stage.FETCH: "Fetching the inputs.",
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
        source, audio, vocal = await self._fetch()
        analysis = await self._analyse(source, audio, vocal)
        segments = await self._render(source, analysis)
        await self._publish(segments, audio, analysis)

    async def _fetch(self) -> tuple[MediaInfo, MediaInfo, MediaInfo | None]:
        self._enter(Stage.FETCH)
        wanted = [self._request.source, self._request.audio]
        if self._request.vocal:
            wanted.append(self._request.vocal)
        fetched = await side_by_side([self._fetch_one(media) for media in wanted])
        return fetched[0], fetched[1], fetched[2] if self._request.vocal else None

    async def _fetch_one(self, media: MediaRef) -> MediaInfo:
        # A stalled download notices its cancellation late, and nothing of it needs to be waited for.
        result = await perform(
            FETCH,
            FetchInput(job_id=self._request.job_id, media=media),
            media.field,
            ActivityCancellationType.TRY_CANCEL,
        )
        return result.media

    async def _analyse(self, source: MediaInfo, audio: MediaInfo, vocal: MediaInfo | None) -> AnalyseResult:
        self._enter(Stage.ANALYSE)
        analysis = await perform(
            ANALYSE,
            AnalyseInput(
                job_id=self._request.job_id,
                engine=self._request.engine,
                source=source,
                speech=vocal or audio,
                audio=audio,
                options=self._request.options,
                seed=self._request.seed,
            ),
            self._request.engine,
        )
        self._short_side_px = min(analysis.width, analysis.height)
        self._view = replace(self._view, warnings=self._view.warnings + analysis.warnings)
        return analysis

    async def _render(self, source: MediaInfo, analysis: AnalyseResult) -> list[str]:
        self._enter(Stage.RENDER)
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
            ),
            outcome.status,
        )
        self._show(replace(outcome, credits=settled.credits))
        workflow.set_current_details(_summary(self._view))
        if settled.delivery:
            await _send_off(settled.delivery)

    def _enter(self, stage: Stage) -> None:
        if self._is_cancelled:
            raise asyncio.CancelledError
        started_at = self._view.started_at or _timestamp(workflow.now())
        self._show(
            replace(
                self._view, status=Status.RUNNING, stage=stage, percent=percent_of(stage, 0.0), started_at=started_at
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


async def _send_off(delivery: Delivery) -> None:
    """Start the delivery as a child that outlives this workflow."""
    try:
        await workflow.start_child_workflow(
            DeliverWebhook.run,
            delivery,
            id=webhook_workflow_id(delivery),
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
