"""Starting and watching jobs as the API does."""

import asyncio
import uuid

from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy

from contracts.jobs import JobRequest, JobView, Stage, Status, workflow_id
from contracts.steps import Queue
from contracts.visibility import JOB_KEY, JOB_PROGRESS, JOB_STAGE, JOB_STATUS, MEMO_VIEW
from tests.workflows.fakes import FakeSteps, job_request
from workflows.lipsync import LipsyncJob

Job = WorkflowHandle[LipsyncJob, JobView]


async def start(client: Client, request: JobRequest | None = None) -> Job:
    """Start a job with the memo and search attributes that it begins with."""
    request = request or job_request(str(uuid.uuid4()))
    return await client.start_workflow(
        LipsyncJob.run,
        request,
        id=workflow_id(request.job_id),
        task_queue=Queue.FLOW,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
        memo={MEMO_VIEW: JobView(job_id=request.job_id, status=Status.QUEUED, stage=Stage.FETCH)},
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(JOB_STATUS, Status.QUEUED),
                SearchAttributePair(JOB_STAGE, Stage.FETCH),
                SearchAttributePair(JOB_PROGRESS, 0),
                SearchAttributePair(JOB_KEY, request.key_id),
            ]
        ),
    )


async def shown(job: Job) -> JobView:
    """The job as a status call sees it: one `describe`, no worker needed."""
    described = await job.describe()
    return await described.memo_value(MEMO_VIEW, type_hint=JobView)


async def until_begun(steps: FakeSteps, call: str) -> None:
    """Wait until a step's first attempt has begun."""
    assert await asyncio.to_thread(steps.begun[call].wait, 60), call
