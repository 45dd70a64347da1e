"""A workflow that calls itself LipsyncJob and is not: the histories of the real one must not replay on it."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.jobs import JobRequest, JobView
    from workflows.lipsync import LipsyncJob


@workflow.defn(name="LipsyncJob")
class DivergentJob(LipsyncJob):
    """Waits a second before it does the same."""

    @workflow.init
    def __init__(self, request: JobRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: JobRequest) -> JobView:
        await workflow.sleep(timedelta(seconds=1))
        return await super().run(request)
