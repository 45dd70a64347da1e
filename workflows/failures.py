"""What a client reads when a step has failed for good."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutError

with workflow.unsafe.imports_passed_through():
    from contracts.errors import ErrorCode
    from contracts.jobs import JobError, Stage
    from contracts.steps import STEPS

CANCELLED = JobError(code=ErrorCode.CANCELLED, message="cancelled")

_CODES = frozenset(ErrorCode)
_RETRIES = {step.name: step.retry for step in STEPS}


def job_error(stage: Stage, failure: ActivityError) -> JobError:
    """Put a failed step into a stable code and one sentence."""
    cause = failure.cause
    if isinstance(cause, TimeoutError):
        return JobError(code=ErrorCode.INTERNAL, message=f"{stage}: no worker finished this step in time")
    if not isinstance(cause, ApplicationError):
        return JobError(code=ErrorCode.INTERNAL, message=f"{stage}: the step was stopped inside the service")
    code = cause.type if cause.type in _CODES else ErrorCode.INTERNAL
    return JobError(code=str(code), message=cause.message + _tries(failure, cause))


def _tries(failure: ActivityError, cause: ApplicationError) -> str:
    """Say how often it was tried, when it was more than once."""
    policy = _RETRIES.get(failure.activity_type)
    if cause.non_retryable or policy is None or cause.type in (policy.non_retryable_error_types or ()):
        return ""
    return f" (tried {policy.maximum_attempts} times)" if policy.maximum_attempts > 1 else ""
