"""Copies of a data folder, and folders made of them."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.settings import Settings
from contracts.steps import Delivery
from storage import backup
from storage.blobs import LocalBlobs
from storage.database import NewerRecords
from storage.deliveries import WebhookState
from storage.orphans import missing_outputs
from storage.records import Records
from storage.requests import Requests
from storage.secrets import server_secret
from tests.storage.earlier.filled import REQUESTS, answers, fill
from tests.storage.requests import a_request, a_success

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 3, tzinfo=UTC)
OUTPUT = f"jobs/{REQUESTS['succeeded'].job_id}/output.mp4"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A service with something in every table, a file, a secret and a count."""
    settings = Settings(data_dir=tmp_path / "data")
    records = Records(settings.data_dir / "records.db")
    fill(records)
    records.close()
    requests = Requests(settings.data_dir / "limits.db", NOW.timestamp)
    requests.admit("00000000", 60)
    requests.close()
    server_secret(settings)
    (tmp_path / "film").write_bytes(b"film")
    LocalBlobs(settings.data_dir / "blobs").put(OUTPUT, tmp_path / "film")
    return settings


def made(settings: Settings, out: Path, *, with_blobs: bool = True) -> backup.Manifest:
    return backup.make(settings, out, NOW, lambda: None, with_blobs=with_blobs)


def everything(data_dir: Path) -> dict[str, object]:
    records = Records(data_dir / "records.db")
    try:
        return answers(records)
    finally:
        records.close()


def test_a_restored_folder_answers_as_the_one_that_was_backed_up(settings: Settings, tmp_path: Path) -> None:
    before, home = everything(settings.data_dir), tmp_path / "restored"

    manifest = made(settings, tmp_path / "out")
    backup.restore(tmp_path / "out", home)

    assert (manifest.has_blobs, manifest.blobs, manifest.bytes) == (True, 1, 4)
    after = everything(home)
    differing = {question for question in before if before[question] != after[question]}
    assert differing <= {"jobs", "by id", "by number", "ahead"}, "only whether a job is known to have started"
    assert LocalBlobs(home / "blobs").local(OUTPUT).read_bytes() == b"film"
    assert server_secret(Settings(data_dir=home)) == server_secret(settings)
    assert (home / "secret").stat().st_mode & 0o777 == 0o600
    assert Requests(home / "limits.db", NOW.timestamp).used("00000000") == 1
    assert {path.name for path in home.iterdir()} <= {"records.db", "limits.db", "secret", "blobs"} | {
        f"{name}.db{end}" for name in ("records", "limits") for end in (".lock", "-wal", "-shm")
    }


def test_what_had_not_ended_is_owed_and_shown_as_waiting(settings: Settings, tmp_path: Path) -> None:
    made(settings, tmp_path / "out")

    restored = backup.restore(tmp_path / "out", tmp_path / "restored")

    records = Records(tmp_path / "restored" / "records.db")
    waiting = {REQUESTS[name].job_id for name in ("waiting", "retried", "timed", "batched")}
    assert set(records.owed.jobs()) == waiting
    assert (restored.jobs, restored.webhooks) == (4, 2)
    assert set(records.owed.webhooks()) == {"msg_pending", "msg_failed"}
    assert [job.job_id for job in records.jobs.unstarted("2027")] == [REQUESTS["doubtful"].job_id]
    for job_id in waiting:
        records.jobs.mark_started(job_id)
    records.owed.forget_webhook("msg_pending")
    assert (records.owed.jobs(), records.owed.webhooks()) == ([], ["msg_failed"])
    records.close()


def test_a_backup_without_files_lists_them(settings: Settings, tmp_path: Path) -> None:
    manifest = made(settings, tmp_path / "out", with_blobs=False)
    backup.restore(tmp_path / "out", tmp_path / "restored")

    assert not manifest.has_blobs
    assert (tmp_path / "out" / "blobs.txt").read_text(encoding="utf-8") == f"{OUTPUT}\t4\n"
    assert not (tmp_path / "restored" / "blobs").exists()
    records = Records(tmp_path / "restored" / "records.db")
    assert OUTPUT in missing_outputs(records, LocalBlobs(tmp_path / "restored" / "blobs"))
    records.close()


def test_backing_up_changes_nothing_and_may_be_done_while_others_write(settings: Settings, tmp_path: Path) -> None:
    records = Records(settings.data_dir / "records.db")
    request = a_request()
    records.jobs.add(request, "2026-01-02T03:04:05Z")
    delivery = Delivery(delivery_id="m", job_id=request.job_id, key_id="k", url="https://example.com", body="{}")
    with records._file.writing():
        records.deliveries.open(delivery, "2026-01-02T03:04:05Z")
        made(settings, tmp_path / "out")
    records.jobs.settle(a_success(request), 30)
    before = everything(settings.data_dir)
    backup.restore(tmp_path / "out", tmp_path / "restored")

    assert everything(settings.data_dir) == before
    restored = Records(tmp_path / "restored" / "records.db")
    assert restored.deliveries.find("m", NOW) is None
    found = restored.jobs.find(request.job_id)
    assert found is not None
    assert found.status == "queued"
    records.deliveries.mark("m", WebhookState.DELIVERED, "2026-01-02T03:04:05Z")
    restored.close()
    records.close()


def test_neither_a_backup_nor_a_data_folder_is_overwritten(settings: Settings, tmp_path: Path) -> None:
    made(settings, tmp_path / "out")

    with pytest.raises(backup.FolderTaken, match="out is there already"):
        made(settings, tmp_path / "out")
    with pytest.raises(backup.FolderTaken, match=r"data is not empty \(blobs, limits.db"):
        backup.restore(tmp_path / "out", settings.data_dir)


@pytest.mark.parametrize("missing", ["backup.json", "records.db"])
def test_half_a_backup_is_refused(settings: Settings, tmp_path: Path, missing: str) -> None:
    made(settings, tmp_path / "out")
    (tmp_path / "out" / missing).unlink()

    with pytest.raises(backup.NotABackup):
        backup.restore(tmp_path / "out", tmp_path / "restored")

    assert not (tmp_path / "restored").exists()


def test_a_backup_that_changed_is_refused(settings: Settings, tmp_path: Path) -> None:
    made(settings, tmp_path / "out")
    with (tmp_path / "out" / "records.db").open("ab") as file:
        file.write(b"\0")

    with pytest.raises(backup.NotABackup, match=r"records.db is not what was backed up"):
        backup.restore(tmp_path / "out", tmp_path / "restored")


def test_a_backup_of_a_newer_release_is_refused_and_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    records = Records(settings.data_dir / "records.db")
    with records._file.writing() as database:
        database.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('mouthpiece', '9999_moods', '')"
        )
    # As the newer release would make it.
    out = tmp_path / "out"
    out.mkdir()
    records.copy_to(out / "records.db")
    manifest = backup.Manifest(
        format=1, made_at="", records_sha256=backup._sha256(out / "records.db"), has_blobs=False, blobs=0, bytes=0
    )
    (out / "backup.json").write_text(json.dumps({name: getattr(manifest, name) for name in manifest.__slots__}))

    with pytest.raises(NewerRecords, match="9999_moods"):
        backup.restore(out, tmp_path / "restored")

    assert list((tmp_path / "restored").iterdir()) == []
    records.close()


def test_a_file_that_goes_while_it_is_copied_is_left_out(settings: Settings, tmp_path: Path) -> None:
    gone = LocalBlobs(settings.data_dir / "blobs").local(OUTPUT).parent

    manifest = backup.make(settings, tmp_path / "out", NOW, lambda: shutil.rmtree(gone), with_blobs=True)

    assert manifest.blobs == 0
    assert (tmp_path / "out" / "blobs.txt").read_text(encoding="utf-8") == ""
