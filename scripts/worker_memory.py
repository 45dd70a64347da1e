"""A worker in which memory ran out ends, so that a fresh one takes its place.

What such a process is still good for nobody knows: the step's outcome may be lost on its way to Temporal for the same
want of memory, and then the slot that the step held stays taken, in a worker that lives and does nothing.
"""

from collections.abc import Callable

from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from contracts.errors import ErrorCode


class MemoryWatch(Interceptor):
    """Looks at the outcome of every step.

    Args:
        ran_out: called, in the event loop's thread, after a step that memory ran out in.
    """

    def __init__(self, ran_out: Callable[[], None]) -> None:
        self._ran_out = ran_out

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """See `temporalio.worker.Interceptor`."""
        return _Steps(next, self._ran_out)


class _Steps(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, ran_out: Callable[[], None]) -> None:
        super().__init__(next)
        self._ran_out = ran_out

    async def execute_activity(self, input: ExecuteActivityInput) -> object:
        """See `temporalio.worker.ActivityInboundInterceptor`."""
        try:
            return await super().execute_activity(input)
        except (ApplicationError, MemoryError) as fault:
            if isinstance(fault, MemoryError) or fault.type == ErrorCode.ENGINE_MEMORY:
                self._ran_out()
            raise
