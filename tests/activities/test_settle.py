import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.settle import Settle
from activities.workplace import Workplace
from contracts.jobs import Dialect, JobError, JobRequest, MediaRef, Role, Status
from contracts.settings import Secret
from contracts.steps import SettleInput, SettleResult
from storage.ledger import Balance
from storage.links import Links
from storage.records import Records

pytestmark = pytest.mark.unit

JOB = "550e8400-e29b-41d4-a716-446655440000"
REQUEST = JobRequest(
    job_id=JOB,
    key_id="key00001",
    dialect=Dialect.LIPSYNC_STUDIO,
    model="lipsync-image",
    source=MediaRef(role=Role.IMAGE, field="image", url="https://media.example/face.png"),
    audio=MediaRef(role=Role.AUDIO, field="audio", url="https://media.example/voice.wav"),
    webhook_url="https://app.example/hook",
)
SUCCESS = SettleInput(
    job_id=JOB,
    status=Status.SUCCEEDED,
    started_at="2026-01-01T00:00:00.000Z",
    finished_at="2026-01-01T00:00:12.345Z",
    execution_ms=12345,
    output=f"jobs/{JOB}/output.mp4",
    duration_s=10.2,
    short_side_px=720,
)
FAILURE = replace(
    SUCCESS,
    status=Status.FAILED,
    output="",
    duration_s=0.0,
    error=JobError(code="no_face", message="image: no face found"),
)
CANCELLED = replace(FAILURE, status=Status.CANCELLED, error=JobError(code="cancelled", message="cancelled"))


@pytest.fixture
def links() -> Links:
    return Links(Secret("s" * 32), "https://lips.example", 3600)


@pytest.fixture
def step(workplace: Workplace, records: Records, links: Links) -> Settle:
    return Settle(workplace, records, links)


def _settle(step: Settle, outcome: SettleInput, run_id: str = "run-one") -> SettleResult:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, workflow_run_id=run_id)
    return environment.run(step.settle, outcome)


def _put(workplace: Workplace, tmp_path: Path, *names: str) -> None:
    for name in names:
        (tmp_path / "source").write_bytes(b"x")
        workplace.blobs.put(f"jobs/{JOB}/{name}", tmp_path / "source")


def _left(workplace: Workplace) -> set[str]:
    names = ("inputs/audio-1", "work/run/segment-0.mp4", "output.mp4")
    return {name for name in names if workplace.blobs.exists(f"jobs/{JOB}/{name}")}


def test_a_success_is_recorded_and_charged_by_its_length_and_size(step: Settle, records: Records) -> None:
    records.jobs.add(REQUEST, "2026-01-01T00:00:00.000Z")

    settled = _settle(step, SUCCESS)

    record = records.jobs.find(JOB)
    assert record is not None
    assert settled.credits == record.credits == 11 * 4
    assert (record.status, record.output, record.execution_ms) == (Status.SUCCEEDED, SUCCESS.output, 12345)


@pytest.mark.parametrize("outcome", [FAILURE, CANCELLED], ids=lambda outcome: outcome.status)
def test_what_brought_no_video_costs_nothing(step: Settle, records: Records, outcome: SettleInput) -> None:
    records.jobs.add(REQUEST, "2026-01-01T00:00:00.000Z")

    assert _settle(step, outcome).credits == 0


def test_a_failed_job_that_is_retried_is_charged_once(step: Settle, records: Records) -> None:
    records.jobs.add(replace(REQUEST, estimated_credits=20), "2026-01-01T00:00:00.000Z")
    _settle(step, FAILURE)
    assert records.ledger.balance(REQUEST.key_id) == Balance(used=0, reserved=0)

    records.jobs.reopen(JOB, "2026-01-01T00:01:00.000Z")
    assert records.ledger.balance(REQUEST.key_id) == Balance(used=0, reserved=20)
    for _ in range(2):
        _settle(step, SUCCESS, "run-two")

    assert records.ledger.balance(REQUEST.key_id) == Balance(used=44, reserved=0)


def test_the_webhook_has_the_seven_fields_and_a_link_that_opens(step: Settle, records: Records, links: Links) -> None:
    records.jobs.add(REQUEST, "2026-01-01T00:00:00.000Z")

    delivery = _settle(step, SUCCESS).delivery

    assert delivery is not None
    body = json.loads(delivery.body)
    assert links.own_blob(body.pop("output"), 0) == SUCCESS.output
    assert body == {
        "id": JOB,
        "model": "lipsync-image",
        "status": "completed",
        "error": "",
        "executionTime": 12345,
        "timings": None,
    }
    assert (delivery.url, delivery.key_id, delivery.job_id) == (REQUEST.webhook_url, "key00001", JOB)


def test_the_webhook_is_in_the_log_before_its_first_attempt(step: Settle, records: Records) -> None:
    records.jobs.add(REQUEST, "2026-01-01T00:00:00.000Z")

    for _ in range(2):
        settled = _settle(step, SUCCESS)

    (webhook,) = records.deliveries.of_job(JOB, datetime(2026, 1, 1, tzinfo=UTC))
    assert (webhook.delivery, webhook.state, webhook.created_at) == (settled.delivery, "pending", SUCCESS.finished_at)


def test_the_webhook_to_a_disabled_endpoint_is_kept_and_not_sent(step: Settle, records: Records) -> None:
    records.jobs.add(REQUEST, "2026-01-01T00:00:00.000Z")
    records.endpoints.disable(REQUEST.key_id, REQUEST.webhook_url, "msg_before", "2026-01-01T00:00:00.000Z")

    assert _settle(step, SUCCESS).delivery is None

    records.endpoints.enable(REQUEST.key_id, REQUEST.webhook_url)
    assert _settle(step, SUCCESS).delivery is None, "settled again, it is not sent behind the log's back"
    (webhook,) = records.deliveries.of_job(JOB, datetime(2026, 1, 1, tzinfo=UTC))
    assert webhook.state == "disabled"


def test_the_webhook_of_a_failure_says_why_and_has_no_output(step: Settle, records: Records) -> None:
    records.jobs.add(REQUEST, "2026-01-01T00:00:00.000Z")

    delivery = _settle(step, FAILURE).delivery

    assert delivery is not None
    body = json.loads(delivery.body)
    assert (body["status"], body["output"], body["error"]) == ("failed", None, "image: no face found")


def test_a_job_without_a_webhook_delivers_nothing(step: Settle, records: Records) -> None:
    records.jobs.add(replace(REQUEST, webhook_url=""), "2026-01-01T00:00:00.000Z")

    assert _settle(step, SUCCESS).delivery is None


def test_every_run_of_a_job_has_a_webhook_id_of_its_own(step: Settle, records: Records) -> None:
    records.jobs.add(REQUEST, "2026-01-01T00:00:00.000Z")

    # Ids of runs that began in the same minute share their first characters.
    runs = (f"01a1fcde-0000-7000-8000-00000000000{last}" for last in (1, 1, 2))

    first, again, retried = (_settle(step, SUCCESS, run).delivery for run in runs)

    assert first is not None
    assert again is not None
    assert retried is not None
    assert first.delivery_id == again.delivery_id != retried.delivery_id
    assert "." not in first.delivery_id


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (SUCCESS, {"inputs/audio-1", "output.mp4"}),
        (FAILURE, {"inputs/audio-1", "work/run/segment-0.mp4", "output.mp4"}),
        (CANCELLED, {"inputs/audio-1"}),
    ],
    ids=lambda value: value.status if isinstance(value, SettleInput) else "",
)
def test_only_what_a_retry_needs_is_kept(
    step: Settle, workplace: Workplace, records: Records, tmp_path: Path, outcome: SettleInput, left: set[str]
) -> None:
    records.jobs.add(REQUEST, "2026-01-01T00:00:00.000Z")
    _put(workplace, tmp_path, "inputs/audio-1", "work/run/segment-0.mp4", "output.mp4")

    _settle(step, outcome)

    assert _left(workplace) == left


def test_what_killed_attempts_left_in_scratch_is_swept(step: Settle, workplace: Workplace, records: Records) -> None:
    records.jobs.add(REQUEST, "2026-01-01T00:00:00.000Z")
    leftover = workplace.settings.data_dir / "scratch" / f"{JOB}.attempt" / "video"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"x")

    _settle(step, SUCCESS)

    assert not leftover.parent.exists()


def test_of_a_job_that_is_in_no_record_nothing_stays(step: Settle, workplace: Workplace, tmp_path: Path) -> None:
    _put(workplace, tmp_path, "inputs/audio-1", "work/run/segment-0.mp4", "output.mp4")

    assert _settle(step, SUCCESS) == SettleResult(credits=44)

    assert _left(workplace) == set()
