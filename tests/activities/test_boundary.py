import errno
import logging
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.testing import ActivityEnvironment

from activities import boundary
from activities.boundary import RetryLater, alive, at_boundary, reporter
from contracts.errors import (
    EngineFault,
    EngineMemory,
    FetchRefused,
    FetchTimeout,
    InvalidRequest,
    MouthpieceError,
    NoFace,
    StorageBusy,
    _tree,
)
from telemetry.marks import current_job

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Step:
    job_id: str = "job1"


@dataclass
class Owner:
    fault: Exception | None = None
    seen: str = ""
    faults: list[Exception] = field(default_factory=list)

    @at_boundary
    def work(self, step: Step) -> str:
        self.seen = current_job.get()
        if self.faults:
            raise self.faults.pop()
        if self.fault:
            raise self.fault
        return "done"


def _failure(fault: Exception) -> ApplicationError:
    with pytest.raises(ApplicationError) as failure:
        Owner(fault).work(Step())
    return failure.value


def _make(kind: type[MouthpieceError]) -> MouthpieceError:
    return RetryLater("busy", pause=timedelta(seconds=5)) if kind is RetryLater else kind("busy", field="audio")


@pytest.mark.parametrize(
    "kind",
    [kind for kind in _tree(MouthpieceError) if not kind.__module__.startswith("tests.")],
    ids=lambda kind: kind.__name__,
)
def test_every_error_of_ours_leaves_with_its_code_and_whether_to_try_again(kind: type[MouthpieceError]) -> None:
    failure = _failure(_make(kind))

    assert (failure.type, failure.non_retryable) == (kind.code, not kind.retryable)


def test_an_error_leaves_with_the_words_a_client_reads() -> None:
    assert _failure(NoFace("no face found", field="image")).message == "image: no face found"


def test_what_a_client_can_do_about_it_is_told_too() -> None:
    fault = InvalidRequest("is beyond the sound", field="timings.3.end", remedy="Count from the sound's beginning.")

    assert _failure(fault).message == "timings.3.end: is beyond the sound. Count from the sound's beginning."


@pytest.mark.parametrize("kind", [FetchRefused, EngineFault, EngineMemory])
def test_what_an_operator_can_do_about_it_is_for_the_log_alone(
    kind: type[MouthpieceError], caplog: pytest.LogCaptureFixture
) -> None:
    assert _failure(kind("is private", remedy="Set MOUTHPIECE_FETCH_ALLOW.")).message == "is private"
    assert "Set MOUTHPIECE_FETCH_ALLOW." in caplog.text


def test_a_full_disk_is_to_be_tried_again() -> None:
    failure = _failure(OSError(errno.ENOSPC, "No space left on device", "/data/x"))

    assert (failure.type, failure.message, failure.non_retryable) == ("storage_busy", "the disk is full", False)


def test_want_of_memory_is_to_be_tried_again() -> None:
    failure = _failure(MemoryError())

    assert (failure.type, failure.non_retryable) == ("engine_memory", False)


def test_a_crash_is_logged_in_full_and_leaves_without_details(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        failure = _failure(KeyError("/secret/path"))

    assert (failure.type, failure.non_retryable) == ("internal", False)
    assert "secret" not in failure.message
    assert "secret" in caplog.text


def _crash(attempt: int, attempts: int) -> ApplicationError:
    """What a crash leaves as, in this attempt of so many (0: any number)."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=attempt, retry_policy=RetryPolicy(maximum_attempts=attempts))

    @activity.defn
    def step() -> None:
        Owner(KeyError("a mistake")).work(Step())

    with pytest.raises(ApplicationError) as failure:
        environment.run(step)
    return failure.value


def test_a_crash_that_comes_again_and_again_is_not_tried_as_often_as_a_fault_that_passes() -> None:
    assert [_crash(attempt, 12).non_retryable for attempt in (1, 3, 4, 5)] == [False, False, True, True]


def test_a_crash_of_a_step_that_must_not_be_given_up_is_tried_for_ever() -> None:
    assert not _crash(1000, 0).non_retryable


def test_an_error_tells_in_which_attempt_it_came() -> None:
    assert tuple(_crash(3, 12).details) == (3,)


def test_a_pause_that_was_asked_for_is_passed_on() -> None:
    assert _failure(RetryLater("busy", pause=timedelta(seconds=7))).next_retry_delay == timedelta(seconds=7)


def test_a_cancellation_leaves_as_it_is() -> None:
    with pytest.raises(CancelledError):
        Owner(CancelledError("stop")).work(Step())


def test_a_step_knows_its_job_and_forgets_it_afterwards() -> None:
    owner = Owner()

    assert owner.work(Step(job_id="job7")) == "done"
    assert (owner.seen, current_job.get()) == ("job7", "")


def test_progress_goes_out_as_heartbeats_of_one_number() -> None:
    beats: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)

    @activity.defn
    def step() -> None:
        reporter()

    environment.run(step)

    assert beats == [(0.0,)]


def test_a_step_that_is_soon_done_costs_the_server_no_heartbeat() -> None:
    beats: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, heartbeat_timeout=timedelta(seconds=10))
    environment.on_heartbeat = lambda *details: beats.append(details)

    @activity.defn
    def step() -> None:
        report = reporter()
        report(0.5)
        report(1.0)

    environment.run(step)

    assert beats == []


def test_a_step_with_a_short_heartbeat_timeout_beats_long_before_it() -> None:
    beats: list[float] = []
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, heartbeat_timeout=timedelta(seconds=2))
    environment.on_heartbeat = lambda *_details: beats.append(time.monotonic())
    began = time.monotonic()

    @activity.defn
    def step() -> None:
        report = reporter()
        while not beats and time.monotonic() - began < 2:
            report(0.5)

    environment.run(step)

    assert beats[0] - began < 1


def test_frequent_reports_do_not_flood_the_server() -> None:
    beats: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)

    @activity.defn
    def step() -> None:
        report = reporter()
        for index in range(1000):
            report(index / 1000)

    environment.run(step)

    assert len(beats) < 5


def test_a_report_after_a_cancellation_stops_the_step() -> None:
    environment = ActivityEnvironment()

    @activity.defn(no_thread_cancel_exception=True)
    def step() -> None:
        report = reporter()
        environment.cancel()
        report(0.5)

    with pytest.raises(CancelledError):
        environment.run(step)


def test_a_fetch_timeout_is_one_that_is_tried_again() -> None:
    assert not _failure(FetchTimeout("slow")).non_retryable


def test_a_step_whose_work_has_no_measure_repeats_what_it_reported_last() -> None:
    beats: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)

    @activity.defn
    def step() -> None:
        report = reporter()
        report(0.7)
        alive()

    environment.run(step)

    assert beats == [(0.0,), (0.7,)]


def test_such_a_step_stops_when_it_is_cancelled() -> None:
    environment = ActivityEnvironment()

    @activity.defn(no_thread_cancel_exception=True)
    def step() -> None:
        environment.cancel()
        alive()

    with pytest.raises(CancelledError):
        environment.run(step)


def test_outside_of_steps_nobody_needs_a_sign_of_life() -> None:
    alive()


def _in_an_attempt(owner: Owner, limit_s: float, *, is_cancelled: bool = False) -> tuple[str, int]:
    """Run a step with heartbeats whose attempt may take so long; returns its result and its signs of life."""
    beats: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.info = replace(
        environment.info, heartbeat_timeout=timedelta(seconds=10), start_to_close_timeout=timedelta(seconds=limit_s)
    )
    environment.on_heartbeat = lambda *details: beats.append(details)

    @activity.defn(no_thread_cancel_exception=True)
    def step() -> str:
        if is_cancelled:
            environment.cancel()
        return owner.work(Step())

    return environment.run(step), len(beats)


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), StorageBusy("away")], ids=repr)
def test_a_step_waits_for_room_and_then_goes_on(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "FIRST_PAUSE_S", 0.05)
    owner = Owner(faults=[fault] * 3)

    result, beats = _in_an_attempt(owner, limit_s=60)

    assert (result, owner.faults) == ("done", [])
    assert beats >= 3


def test_patience_ends_with_a_part_of_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "FIRST_PAUSE_S", 0.05)
    owner = Owner(faults=[StorageBusy("away")] * 99)

    with pytest.raises(ApplicationError) as failure:
        _in_an_attempt(owner, limit_s=1.0)

    assert (failure.value.type, failure.value.non_retryable) == ("storage_busy", False)
    assert 90 < len(owner.faults) < 98


def test_other_faults_are_not_waited_for() -> None:
    owner = Owner(faults=[FetchTimeout("slow")])

    with pytest.raises(ApplicationError):
        _in_an_attempt(owner, limit_s=60)


def test_a_step_that_waits_for_room_can_be_cancelled() -> None:
    with pytest.raises(CancelledError):
        _in_an_attempt(Owner(faults=[StorageBusy("away")] * 99), limit_s=600, is_cancelled=True)
