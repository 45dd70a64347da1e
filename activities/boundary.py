"""The edge between our code and Temporal: errors out, progress out, cancellation in. Nowhere else are they mapped."""

import errno
import functools
import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from typing import Protocol, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, CancelledError

from contracts.errors import (
    EngineMemory,
    ErrorCode,
    FetchRefused,
    InputError,
    MouthpieceError,
    RequestError,
    StorageBusy,
    TransientError,
)
from engines.base import Report
from telemetry.marks import current_job

logger = logging.getLogger(__name__)

#: What the current attempt reported last.
_fraction: ContextVar[float] = ContextVar("_fraction", default=0.0)

#: Shortest time between two heartbeats handed to Temporal, in seconds; the worker throttles what it sends further.
_HEARTBEAT_S = 0.2
#: Longest time before an attempt's first, and the part of the step's heartbeat timeout that it is at most: for the
#: server each is as much work as a step's beginning, and most steps of a short job have ended by then.
_FIRST_HEARTBEAT_S = 0.5
_FIRST_HEARTBEAT_PART = 1 / 20
#: Pauses before a step is begun again, while the disk is full or the file store away, in seconds; each twice the one
#: before it, up to the longest.
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
#: Part of the time an attempt may take that it may wait for room.
_PATIENT_PART = 1 / 3
_REST_S = 0.2
#: Attempts of a step that crashes by a mistake of ours, where its attempts are limited at all: it hardly mends itself.
CRASHES = 4
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class RetryLater(TransientError):
    """The other side asked for a pause before the next attempt."""

    def __init__(self, message: str, *, pause: timedelta) -> None:
        super().__init__(message)
        self.pause = pause


class HasJob(Protocol):
    """Any step's input."""

    @property
    def job_id(self) -> str:
        """The job the step belongs to."""
        ...


Owner = TypeVar("Owner")
StepIn = TypeVar("StepIn", bound=HasJob)
StepOut = TypeVar("StepOut")


def at_boundary(work: Callable[[Owner, StepIn], StepOut]) -> Callable[[Owner, StepIn], StepOut]:
    """Wrap a step's body: its log lines know their job, and its errors leave as Temporal's.

    One that finds no room to store its files waits for it: that is nobody's fault and lasts longer than others.
    """

    @functools.wraps(work)
    def guarded(self: Owner, step: StepIn) -> StepOut:
        token = current_job.set(step.job_id)
        try:
            return _with_patience(lambda: work(self, step))
        except (CancelledError, ApplicationError):
            raise
        except Exception as fault:
            raise _failure(fault) from fault
        finally:
            current_job.reset(token)

    return guarded


def _with_patience(work: Callable[[], StepOut]) -> StepOut:
    """Do it, and once more after each pause as long as there is no room; heartbeats go on meanwhile."""
    pause_s, ends_at = FIRST_PAUSE_S, time.monotonic() + _patience_s()
    while True:
        try:
            return work()
        except (StorageBusy, OSError) as fault:
            if not isinstance(_as_ours(fault), StorageBusy) or time.monotonic() + pause_s > ends_at:
                raise
            logger.warning("step_waits_for_room pause_s=%g cause=%r", pause_s, str(fault))
            _rest(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _patience_s() -> float:
    """How long the current attempt may wait; not at all where its limit is so short that it has no heartbeats."""
    if not activity.in_activity():
        return 0.0
    info = activity.info()
    limit = info.start_to_close_timeout if info.heartbeat_timeout else None
    return limit.total_seconds() * _PATIENT_PART if limit else 0.0


def _rest(pause_s: float) -> None:
    until = time.monotonic() + pause_s
    while (left_s := until - time.monotonic()) > 0:
        alive()
        time.sleep(min(_REST_S, left_s))


def reporter() -> Report:
    """Make the current attempt's `report`: it sends progress as heartbeats and raises once the attempt must stop.

    Returns:
        A function of the fraction done, 0..1, cheap enough to call for every frame.
    """
    sent_at = time.monotonic() + _first_heartbeat_s() - _HEARTBEAT_S

    def report(fraction: float) -> None:
        nonlocal sent_at
        _fraction.set(fraction)
        _check_cancelled()
        now = time.monotonic()
        if now - sent_at >= _HEARTBEAT_S:
            sent_at = now
            activity.heartbeat(fraction)

    report(0.0)
    return report


def _first_heartbeat_s() -> float:
    timeout = activity.info().heartbeat_timeout if activity.in_activity() else None
    return min(timeout.total_seconds() * _FIRST_HEARTBEAT_PART, _FIRST_HEARTBEAT_S) if timeout else 0.0


def alive() -> None:
    """Tell that the current attempt goes on, where the work has no measure; raises once it must stop."""
    if activity.in_activity():
        _check_cancelled()
        activity.heartbeat(_fraction.get())


def _check_cancelled() -> None:
    if activity.is_cancelled():
        raise CancelledError("the step was told to stop")


def _failure(fault: Exception) -> ApplicationError:
    error = _as_ours(fault)
    if error is None:
        logger.exception("step_crashed kind=%s", type(fault).__name__)
        return ApplicationError(
            "something went wrong inside the service", _attempt(), type=ErrorCode.INTERNAL, non_retryable=_is_hopeless()
        )
    if isinstance(error, RetryLater):
        # All as planned: whoever raised it has told what there is to tell, and the SDK is not to warn of it either.
        return ApplicationError(
            str(error),
            _attempt(),
            type=error.code,
            next_retry_delay=error.pause,
            category=ApplicationErrorCategory.BENIGN,
        )
    logger.warning("step_failed code=%s message=%r remedy=%r", error.code, str(error), error.remedy)
    return ApplicationError(_told(error), _attempt(), type=error.code, non_retryable=not error.retryable)


def _attempt() -> int:
    """The number of the current attempt, which the workflow tells the client."""
    return activity.info().attempt if activity.in_activity() else 1


def _is_hopeless() -> bool:
    """Whether the current attempt has crashed often enough."""
    if not activity.in_activity():
        return False
    info = activity.info()
    return info.attempt >= CRASHES and bool(info.retry_policy and info.retry_policy.maximum_attempts)


def _told(error: MouthpieceError) -> str:
    """What a client reads of it: with its remedy where that is the client's and not the operator's to apply."""
    is_for_client = isinstance(error, InputError | RequestError) and not isinstance(error, FetchRefused)
    return f"{error}. {error.remedy}" if is_for_client and error.remedy else str(error)


def _as_ours(fault: Exception) -> MouthpieceError | None:
    if isinstance(fault, MouthpieceError):
        return fault
    if isinstance(fault, MemoryError):
        return EngineMemory("out of memory")
    if isinstance(fault, OSError) and fault.errno in _DISK_FULL:
        return StorageBusy("the disk is full", remedy="Free space in the data folder.")
    return None
