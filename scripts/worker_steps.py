"""Measures every attempt at a step."""

import asyncio
import time

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, CancelledError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from telemetry.catalogue import STEP_SECONDS
from telemetry.meter import meter


class StepMeter(Interceptor):
    """Enters the time and the outcome of each attempt into the process's meter."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """See `temporalio.worker.Interceptor`."""
        return _Measured(next)


class _Measured(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> object:
        """See `temporalio.worker.ActivityInboundInterceptor`."""
        begun, outcome = time.monotonic(), "ok"
        try:
            return await super().execute_activity(input)
        except BaseException as fault:
            outcome = outcome_of(fault)
            raise
        finally:
            meter.observe(STEP_SECONDS, time.monotonic() - begun, activity.info().activity_type, outcome)


def outcome_of(fault: BaseException) -> str:
    """Say in one word how an attempt ended: again means that it will be tried again, which may be as planned."""
    if isinstance(fault, CancelledError | asyncio.CancelledError):
        return "cancelled"
    if isinstance(fault, ApplicationError):
        is_planned = fault.category is ApplicationErrorCategory.BENIGN
        return "again" if is_planned or not fault.non_retryable else "failed"
    return "again"
