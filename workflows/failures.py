"""What a client reads when a step has failed for good."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutError

with workflow.unsafe.imports_passed_through():
    from contracts.errors import NON_RETRYABLE, ErrorCode
    from contracts.jobs import JobError, Stage

CANCELLED = JobError(code=ErrorCode.CANCELLED, message="cancelled")

_CODES = frozenset(ErrorCode)


def job_error(stage: Stage, failure: ActivityError) -> JobError:
    """Put a failed step into a stable code and one sentence."""
    cause = failure.cause
    if isinstance(cause, TimeoutError):
        return JobError(code=ErrorCode.INTERNAL, message=f"{stage}: no worker finished this step in time")
    if not isinstance(cause, ApplicationError):
        return JobError(code=ErrorCode.INTERNAL, message=f"{stage}: the step was stopped inside the service")
    code = cause.type if cause.type in _CODES else ErrorCode.INTERNAL
    return JobError(code=str(code), message=cause.message + _tries(cause))


def _tries(cause: ApplicationError) -> str:
    """Say how often it was tried, when it was more than once; steps send their attempt along with their error."""
    attempt = cause.details[0] if cause.details else 1
    is_told = cause.type not in NON_RETRYABLE and isinstance(attempt, int) and attempt > 1
    return f" (tried {attempt} times)" if is_told else ""
