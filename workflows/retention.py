"""Removes what is older than the operator wants it kept; started by a schedule, resumed after any death."""

from dataclasses import replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.retention import Phase, PruneInput, RetentionProgress
    from contracts.steps import PRUNE
    from workflows.steps import perform


@workflow.defn(name="Retention")
class Retention:
    """Goes through the phases step by step; each step is bounded, and doing it again removes nothing else."""

    @workflow.run
    async def run(self, progress: RetentionProgress) -> RetentionProgress:
        """Go on from where an earlier run came to, to the end."""
        for phase in list(Phase)[list(Phase).index(progress.phase) :]:
            if phase is not progress.phase:
                progress = replace(progress, phase=phase, cursor="")
            progress = await self._through(progress)
        workflow.set_current_details(f"Removed: {_told(progress)}.")
        return progress

    async def _through(self, progress: RetentionProgress) -> RetentionProgress:
        while True:
            workflow.set_current_details(f"Going through {progress.phase}; removed so far: {_told(progress)}.")
            step = PruneInput(phase=progress.phase, cursor=progress.cursor)
            result = await perform(PRUNE, step, progress.phase)
            removed = progress.removed.get(progress.phase, 0) + result.removed
            counts = progress.removed | {progress.phase.value: removed}
            progress = replace(progress, cursor=result.cursor, removed=counts)
            if not result.cursor:
                return progress
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(progress)


def _told(progress: RetentionProgress) -> str:
    return ", ".join(f"{phase} {count}" for phase, count in progress.removed.items()) or "nothing"
