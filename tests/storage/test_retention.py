"""What goes for its age, and what never does."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.errors import StorageBusy
from contracts.jobs import JobRequest, MediaRef, Role, Status
from contracts.retention import Phase
from contracts.settings import Settings
from contracts.steps import Delivery, SettleInput
from storage.batches import BatchRecord
from storage.blobs import LocalBlobs
from storage.deliveries import WebhookState
from storage.records import Records
from storage.retention import Retention
from tests.storage.requests import a_failure, a_request, a_success

pytestmark = pytest.mark.unit

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NOW_TEXT = "2026-06-01T00:00:00Z"
SETTINGS = Settings(keep_inputs_days=30, keep_outputs_days=60, keep_records_days=90)
UPLOAD = "uploads/0a1b2c3d/voice"


def text(days_ago: float) -> str:
    return (NOW - timedelta(days=days_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Kept:
    """A data folder, and ways to put old things into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = replace(SETTINGS, data_dir=folder)
        self.records = Records(folder / "records.db")
        self.blobs = LocalBlobs(folder / "blobs")

    def put(self, key: str, days_ago: float = 0.0) -> str:
        source = self.folder / "source"
        source.write_bytes(b"film")
        self.blobs.put(key, source)
        self.age(self.blobs.local(key), days_ago)
        return key

    def age(self, path: Path, days_ago: float) -> None:
        at = (NOW - timedelta(days=days_ago)).timestamp()
        os.utime(path, (at, at))

    def job(self, outcome: SettleInput | None, days_ago: float, request: JobRequest | None = None) -> str:
        """A job with an input, work and, if it succeeded, an output; one without an outcome goes on."""
        request = replace(request or a_request(), job_id=outcome.job_id) if outcome else request or a_request()
        self.records.jobs.add(request, text(days_ago))
        self.records.jobs.mark_started(request.job_id)
        self.put(f"jobs/{request.job_id}/inputs/audio-0", days_ago)
        self.put(f"jobs/{request.job_id}/work/0.mp4", days_ago)
        if outcome:
            self.records.jobs.settle(replace(outcome, finished_at=text(days_ago)), 30)
            if outcome.output:
                self.put(outcome.output, days_ago)
        return request.job_id

    def succeeded(self, days_ago: float) -> str:
        return self.job(a_success(a_request()), days_ago)

    def failed(self, days_ago: float) -> str:
        return self.job(a_failure(a_request()), days_ago)

    def files(self, job_id: str) -> set[str]:
        return {blob.key.removeprefix(f"jobs/{job_id}/") for blob in self.blobs.listing(f"jobs/{job_id}")}

    def retention(self, settings: Settings | None = None) -> Retention:
        return Retention(settings or self.settings, self.records, self.blobs, lambda: NOW)

    def prune(self, settings: Settings | None = None, most: int = 100) -> dict[str, int]:
        """Run all phases to their end, `most` things a step."""
        removed: dict[str, int] = {}
        for phase in Phase:
            cursor, is_over = "", False
            while not is_over:
                result = self.retention(settings).prune(phase, cursor, most)
                removed[phase] = removed.get(phase, 0) + result.removed
                cursor, is_over = result.cursor, not result.cursor
        return {phase: count for phase, count in removed.items() if count}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.records.close()


def test_each_part_of_a_job_goes_when_its_time_is_over(kept: Kept) -> None:
    fresh, month, season, old = (kept.succeeded(days) for days in (2, 31, 61, 91))

    removed = kept.prune()

    assert removed == {"records": 1, "outputs": 1, "inputs": 2, "orphans": 1}
    assert kept.files(fresh) == {"inputs/audio-0", "output.mp4"}, "work that came after the end goes within a day"
    assert kept.files(month) == {"output.mp4"}
    assert kept.files(season) == kept.files(old) == set()
    found = kept.records.jobs.find(season)
    assert found is not None
    assert found.expired_at == found.inputs_expired_at == text(0)
    assert kept.records.jobs.find(old) is None
    assert kept.records.ledger.balance("0a1b2c3d").used == 120, "what it cost stays"


def test_a_second_pass_finds_nothing_left(kept: Kept) -> None:
    for days in (1, 31, 61, 91):
        kept.succeeded(days)
    kept.prune()

    assert kept.prune() == {}


def test_many_jobs_go_in_small_steps(kept: Kept) -> None:
    jobs = [kept.succeeded(100 + index) for index in range(7)]

    assert kept.prune(most=2) == {"records": 7}
    assert [job_id for job_id in jobs if kept.files(job_id) or kept.records.jobs.find(job_id)] == []


def test_by_default_only_inputs_go_that_nothing_can_read_any_more(kept: Kept) -> None:
    job_id = kept.succeeded(1000)

    removed = kept.prune(Settings(data_dir=kept.folder))

    assert removed == {"inputs": 1}
    assert kept.files(job_id) == {"output.mp4"}


def test_nothing_goes_where_all_is_to_be_kept_for_ever(kept: Kept) -> None:
    failed = kept.failed(1000)
    kept.put(UPLOAD, 1000)

    assert kept.prune(Settings(data_dir=kept.folder, keep_inputs_days=0)) == {}
    assert kept.files(failed) == {"inputs/audio-0", "work/0.mp4"}


def test_a_job_that_has_not_ended_keeps_everything_it_names_however_old(kept: Kept) -> None:
    source = kept.succeeded(1000)
    audio = MediaRef(role=Role.AUDIO, field="audio", blob=UPLOAD)
    picture = MediaRef(role=Role.VIDEO, field="video", blob=f"jobs/{source}/output.mp4")
    mask = MediaRef(role=Role.MASK, field="mask", blob="uploads/0a1b2c3d/mask")
    running = kept.job(None, 999, replace(a_request(), audio=audio, source=picture, mask=mask))
    for key in (UPLOAD, "uploads/0a1b2c3d/mask", "uploads/0a1b2c3d/unused"):
        kept.put(key, 1000)

    removed = kept.prune()

    assert removed == {"uploads": 1, "orphans": 1}, "and the source's late work"
    assert kept.files(running) == {"inputs/audio-0", "work/0.mp4"}
    assert "output.mp4" in kept.files(source)
    assert {blob.key for blob in kept.blobs.listing("uploads")} == {UPLOAD, "uploads/0a1b2c3d/mask"}
    kept.records.jobs.settle(replace(a_failure(a_request()), job_id=running, finished_at=text(999)), 0)
    assert kept.prune() == {"records": 2, "uploads": 2}


def test_an_upload_stays_as_long_as_its_link_works(kept: Kept) -> None:
    kept.put(UPLOAD, 40)
    patient = replace(kept.settings, link_ttl_s=50 * 86_400)

    assert kept.prune(patient) == {}
    assert kept.prune() == {"uploads": 1}


def test_a_job_whose_webhook_is_still_tried_is_kept(kept: Kept) -> None:
    job_id = kept.succeeded(100)
    delivery = Delivery(delivery_id="msg", job_id=job_id, key_id="0a1b2c3d", url="https://example.com", body="{}")
    kept.records.deliveries.open(delivery, text(100))
    kept.records.deliveries.mark("msg", WebhookState.PENDING, text(1))
    everything = replace(kept.settings, keep_inputs_days=0, keep_outputs_days=0)

    assert kept.prune(everything) == {"orphans": 1}, "its late work alone"
    kept.records.deliveries.mark("msg", WebhookState.PENDING, text(4))
    assert kept.prune(everything) == {"records": 1}
    assert kept.records.deliveries.list(job_id) == []


def test_a_batch_goes_with_the_last_of_its_jobs(kept: Kept) -> None:
    request = replace(a_request(), batch_id="b")
    kept.job(a_success(request), 100, request)
    kept.job(None, 100, replace(a_request(), batch_id="c"))
    for batch_id in ("b", "c"):
        kept.records.batches.add(BatchRecord(batch_id=batch_id, key_id="k", created_at=text(100), items="[]"))

    assert kept.prune() == {"records": 1, "batches": 1}
    assert kept.records.batches.find("b") is None
    assert kept.records.batches.find("c") is not None


def test_files_of_no_job_go_after_a_day(kept: Kept) -> None:
    for key, days in {
        "jobs/inspect-1/inputs/a": 2.0,
        "jobs/inspect-2/inputs/a": 0.5,
        "jobs/lost/output.mp4": 2,
    }.items():
        kept.put(key, days)

    assert kept.prune() == {"orphans": 2}
    assert {blob.key for blob in kept.blobs.listing("jobs")} == {"jobs/inspect-2/inputs/a"}


def test_files_of_another_service_in_the_same_place_are_left_alone(kept: Kept) -> None:
    kept.succeeded(1)
    for number in range(12):
        kept.put(f"jobs/other-{number}/output.mp4", 5)

    assert kept.prune() == {}


def test_what_dead_processes_left_goes_after_a_day_and_what_the_living_hold_stays(kept: Kept) -> None:
    for place in ("scratch/job.1", "scratch/job.2", "uploads", "blobs/.incoming"):
        (kept.folder / place).mkdir(parents=True)
    old = [kept.folder / name for name in ("scratch/job.1/x", "uploads/half", "blobs/.incoming/half")]
    for path in [*old, fresh := kept.folder / "scratch/job.2/x"]:
        path.write_bytes(b"half")
    for path in (*old, *(kept.folder / "scratch").iterdir()):
        kept.age(path, 2)

    removed = kept.prune()

    assert removed == {"leftovers": 3}
    assert fresh.exists()
    assert [path for path in old if path.exists()] == []


def test_half_an_upload_stays_as_long_as_its_address_works(kept: Kept) -> None:
    kept.settings = replace(kept.settings, upload_ttl_s=3 * 86_400)
    (kept.folder / "uploads").mkdir()
    for name, days_ago in (("resting", 2.9), ("given up", 3.1)):
        (kept.folder / "uploads" / name).write_bytes(b"half")
        kept.age(kept.folder / "uploads" / name, days_ago)

    kept.prune()

    assert [path.name for path in (kept.folder / "uploads").iterdir()] == ["resting"]


def test_idempotency_keys_go_when_their_time_is_over(kept: Kept) -> None:
    begin = kept.records.idempotency.begin
    begin("k", "old", "f", now=(NOW - timedelta(days=2)).timestamp(), ttl_s=1e9)
    begin("k", "new", "f", now=NOW.timestamp(), ttl_s=1e9)

    assert kept.prune() == {"leftovers": 1}
    assert kept.records.idempotency.older(NOW.timestamp()) == 1


class _Dying(LocalBlobs):
    """A store that is gone in the midst of a removal."""

    def delete(self, key: str) -> None:
        raise StorageBusy("gone")

    def delete_prefix(self, prefix: str) -> None:
        raise StorageBusy("gone")


def test_a_removal_that_died_in_its_midst_is_finished_and_the_job_cannot_be_run_meanwhile(kept: Kept) -> None:
    season, failed = kept.succeeded(61), kept.failed(31)
    dying = Retention(kept.settings, kept.records, _Dying(kept.folder / "blobs"), lambda: NOW)
    for phase in (Phase.OUTPUTS, Phase.INPUTS):
        with pytest.raises(StorageBusy):
            dying.prune(phase, "", 100)

    assert not kept.records.jobs.reopen(season, NOW_TEXT)
    kept.prune()

    assert kept.files(season) == kept.files(failed) == set()
    assert kept.records.jobs.reopen(failed, NOW_TEXT)


def test_a_job_that_runs_again_has_its_files_to_itself(kept: Kept) -> None:
    job_id = kept.failed(31)
    [due] = kept.retention().due(Phase.INPUTS)

    assert kept.records.jobs.reopen(job_id, NOW_TEXT)

    assert not due.remove()
    assert kept.files(job_id) == {"inputs/audio-0", "work/0.mp4"}
    found = kept.records.jobs.find(job_id)
    assert found is not None
    assert (found.status, found.inputs_expired_at) == (Status.QUEUED, "")


def test_looking_removes_nothing(kept: Kept) -> None:
    old = kept.succeeded(100)
    kept.put(UPLOAD, 100)

    found = [due.what for phase in Phase for due in kept.retention().due(phase)]

    assert "job 1" in found
    assert UPLOAD in found
    assert kept.files(old) == {"inputs/audio-0", "work/0.mp4", "output.mp4"}
