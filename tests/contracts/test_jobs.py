"""Job vocabulary: ids, transitions and progress."""

import pytest

from contracts.jobs import STAGE_STARTS_PERCENT, TRANSITIONS, Stage, Status, job_id_of, percent_of, workflow_id

pytestmark = pytest.mark.unit


def test_a_workflow_id_leads_back_to_its_job() -> None:
    assert job_id_of(workflow_id("abc")) == "abc"


def test_another_workflow_is_not_a_job() -> None:
    with pytest.raises(ValueError, match="webhook-1"):
        job_id_of("webhook-1")


def test_the_table_of_transitions_covers_every_status() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_nothing_follows_a_terminal_status() -> None:
    assert {status for status in Status if status.is_terminal} == {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED}


def test_every_stage_has_its_share_of_the_percentage_in_order() -> None:
    starts = [STAGE_STARTS_PERCENT[stage] for stage in Stage]

    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("stage", "fraction", "percent"),
    [(Stage.FETCH, 0.0, 0), (Stage.RENDER, 0.5, 62), (Stage.SETTLE, 1.0, 100), (Stage.RENDER, 7.0, 95)],
)
def test_percent_runs_over_the_whole_job(stage: Stage, fraction: float, percent: int) -> None:
    assert percent_of(stage, fraction) == percent
