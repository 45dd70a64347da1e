"""Workflows that call themselves LipsyncJob and are not: what the real one began must not replay on them."""

from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from contracts.jobs import JobRequest, JobView
    from contracts.steps import AnalyseResult
    from workflows.inputs import Inputs
    from workflows.lipsync import LipsyncJob
    from workflows.sound import Sound


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


@workflow.defn(name="LipsyncJob")
class UnpatchedJob(LipsyncJob):
    """Analyses again as the real one does, without having asked whether the job was begun by such code."""

    @workflow.init
    def __init__(self, request: JobRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: JobRequest) -> JobView:
        return await super().run(request)

    async def _analysed_and_rendered(
        self, inputs: Inputs, sound: Sound, pauses_s: Sequence[float]
    ) -> tuple[AnalyseResult, list[str]]:
        analysis = await self._analyse(inputs, sound)
        try:
            return analysis, await self._render(inputs.source, analysis)
        except ActivityError:
            await workflow.sleep(pauses_s[0])
        return await self._analysed_and_rendered(inputs, sound, pauses_s[1:])
