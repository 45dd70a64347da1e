"""How long each step's faults are lived through."""

from datetime import timedelta

import pytest
from temporalio.common import RetryPolicy

from contracts.errors import NON_RETRYABLE
from contracts.steps import ANALYSE, FETCH, MIX, PROBE, PUBLISH, RENDER, SPEAK, STEPS, SURVEY, Step

pytestmark = pytest.mark.unit

#: The steps that are given up at all, and for how many seconds their pauses make them live through faults.
SURVIVED_S = {
    **dict.fromkeys((SPEAK.name, MIX.name, ANALYSE.name, RENDER.name, PUBLISH.name), 363),
    FETCH.name: 30,
    SURVEY.name: 7,
    PROBE.name: 0,
}


def _pauses_s(policy: RetryPolicy) -> float:
    assert policy.maximum_interval is not None
    first, most = policy.initial_interval.total_seconds(), policy.maximum_interval.total_seconds()
    return sum(min(first * policy.backoff_coefficient**each, most) for each in range(policy.maximum_attempts - 1))


def test_a_step_lives_through_faults_for_as_long_as_is_written_down_or_is_never_given_up() -> None:
    limited = [step for step in STEPS if step.retry.maximum_attempts]

    assert {step.name: _pauses_s(step.retry) for step in limited} == SURVIVED_S


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_no_pause_is_longer_than_a_minute_where_a_job_waits_for_it(step: Step[object, object]) -> None:
    longest = step.retry.maximum_interval

    assert step.name in {"notify", "prune"} or (longest and longest <= timedelta(minutes=1))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_what_no_retry_mends_is_not_tried_again(step: Step[object, object]) -> None:
    assert step.retry.non_retryable_error_types == NON_RETRYABLE
