"""What the audit of a chaos run would find, if it were there."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.chaos.audit import Audit, Undisturbed
from scripts.chaos.customers import Customers, Served
from scripts.chaos.inputs import serving_inputs
from scripts.chaos.mailbox import Mailbox, collecting
from scripts.chaos.media import write_inputs
from scripts.chaos.plan import Act, Order
from scripts.chaos.stand import Stand, standing
from storage.orphans import FEW

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ORDER = Order(number=1, recipe="portrait-1", act=Act.WAIT, is_doubled=True)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with standing(tmp_path_factory.mktemp("audit"), is_light=True, has_store=False, is_disk_small=False) as made:
        yield made


@pytest.fixture(scope="module")
def mailbox(stand: Stand) -> Iterator[Mailbox]:
    with collecting(stand.webhook_secret()) as made:
        yield made


@pytest.fixture(scope="module")
def customers(stand: Stand, mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Customers]:
    media = tmp_path_factory.mktemp("media")
    write_inputs(media)
    with serving_inputs(media) as inputs:
        yield Customers(stand, inputs, mailbox, 0)


@pytest.fixture(scope="module")
def served(customers: Customers) -> Served:
    return customers.serve(ORDER)


@pytest.fixture(scope="module")
def right(customers: Customers, served: Served) -> Undisturbed:
    return Undisturbed(digest=customers.output(served.reference), credits=10)


@pytest.fixture
def audit(stand: Stand, customers: Customers, mailbox: Mailbox, right: Undisturbed) -> Audit:
    return Audit(stand, customers, mailbox, {ORDER.recipe: right})


def _doctor(stand: Stand, *statements: str) -> None:
    with closing(sqlite3.connect(stand.data / "records.db")) as database, database:
        for statement in statements:
            database.execute(statement)


def test_a_job_that_went_well_leaves_nothing_to_find(audit: Audit, served: Served) -> None:
    audit.look([served])

    assert audit.findings.words == []
    assert audit.findings.told["outputs_equal"] == 1


def test_a_job_that_nobody_ordered_is_found(audit: Audit, served: Served) -> None:
    audit.look([])

    assert audit.findings.counts["double"] == 1


def test_a_job_that_the_records_do_not_know_is_lost(audit: Audit, served: Served) -> None:
    audit.look([served, Served(ORDER, reference="x", job_id="x", answers=[("completed", "")])])

    assert audit.findings.counts["lost"] == 1


def test_another_sum_in_the_ledger_is_found(audit: Audit, stand: Stand, served: Served) -> None:
    _doctor(stand, "UPDATE ledger SET credits = credits + 1")
    try:
        audit.look([served])
    finally:
        _doctor(stand, "UPDATE ledger SET credits = credits - 1")

    assert audit.findings.counts == {"credits_wrong": 1}


def test_a_webhook_that_never_came_is_found(audit: Audit, mailbox: Mailbox, served: Served) -> None:
    came = dict(mailbox.bodies)
    mailbox.bodies.clear()
    try:
        audit.look([served])
    finally:
        mailbox.bodies.update(came)

    assert audit.findings.counts == {"webhook_missing": 1}


def test_an_end_that_changed_is_found(audit: Audit, served: Served) -> None:
    told = Served(ORDER, reference=served.reference, job_id=served.job_id, answers=[("failed", "cancelled")])

    audit.look([told])

    assert audit.findings.counts == {"changed_end": 1}


def test_records_that_differ_from_the_workflow_are_found(audit: Audit, stand: Stand, served: Served) -> None:
    _doctor(stand, "UPDATE jobs SET status = 'failed'")
    try:
        audit.look([served])
    finally:
        _doctor(stand, "UPDATE jobs SET status = 'succeeded'")

    assert audit.findings.counts["disagree"] >= 1
    assert audit.findings.counts["wrong_end"] == 1


def test_a_failure_for_another_reason_than_the_one_that_was_to_be_is_found(
    audit: Audit, stand: Stand, served: Served
) -> None:
    _doctor(stand, "UPDATE jobs SET status = 'failed', error_code = 'internal', error_message = 'crashed'")
    try:
        audit.look([replace(served, order=replace(ORDER, act=Act.HOPELESS))])
    finally:
        _doctor(stand, "UPDATE jobs SET status = 'succeeded', error_code = '', error_message = ''")

    assert audit.findings.counts["wrong_end"] == 1


def test_a_workflow_that_the_records_do_not_know_is_found(audit: Audit, stand: Stand, served: Served) -> None:
    _doctor(stand, "CREATE TABLE kept AS SELECT * FROM jobs", "DELETE FROM jobs")
    try:
        audit.look([])
    finally:
        _doctor(stand, "INSERT INTO jobs SELECT * FROM kept", "DROP TABLE kept")

    assert f"double: job-{served.job_id} is in no records" in audit.findings.words


def test_a_run_without_a_webhook_is_found(audit: Audit, served: Served) -> None:
    audit.look([replace(served, answers=[("failed", "not to be had"), *served.answers])])

    assert audit.findings.counts == {"webhook_missing": 1}


def test_a_webhook_with_a_wrong_signature_is_found(audit: Audit, mailbox: Mailbox, served: Served) -> None:
    mailbox.unsigned += 1
    try:
        audit.look([served])
    finally:
        mailbox.unsigned -= 1

    assert audit.findings.counts == {"webhook_unsigned": 1}


def test_other_bytes_are_found(
    stand: Stand, customers: Customers, mailbox: Mailbox, served: Served, right: Undisturbed
) -> None:
    audit = Audit(stand, customers, mailbox, {ORDER.recipe: Undisturbed(digest="0" * 64, credits=right.credits)})

    audit.look([served])

    assert audit.findings.counts == {"output_differs": 1}


def test_what_dead_processes_leave_is_counted_and_goes(tmp_path: Path, customers: Customers, mailbox: Mailbox) -> None:
    stopped = Stand(folder=tmp_path, disk=None, store=None, environ={})
    for name in ("scratch/dead/half.mp4", "blobs/.incoming/half", "blobs/jobs/unknown/inputs/face.png"):
        path = stopped.data / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"half")
    audit = Audit(stopped, customers, mailbox, {})

    audit.look_after_stop()

    assert audit.findings.words == []
    assert audit.findings.told["left_for_retention"] == 3


def test_files_of_no_job_that_retention_leaves_are_found(
    tmp_path: Path, customers: Customers, mailbox: Mailbox
) -> None:
    stopped = Stand(folder=tmp_path, disk=None, store=None, environ={})
    for number in range(FEW + 1):
        path = stopped.data / "blobs" / "jobs" / f"unknown-{number}" / "inputs" / "face.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"whole")
    audit = Audit(stopped, customers, mailbox, {})

    audit.look_after_stop()

    assert audit.findings.counts == {"orphan_file": FEW + 1}


def _wait_until_told(pid: int, file: str, word: str) -> None:
    """A process has its number a moment before its files tell what it is."""
    deadline = time.monotonic() + 30
    while word.encode() not in Path(f"/proc/{pid}/{file}").read_bytes().split(b"\0"):
        assert time.monotonic() < deadline, "it never began"
        time.sleep(0.01)


def test_a_process_that_outlives_the_stack_is_found(tmp_path: Path, customers: Customers, mailbox: Mailbox) -> None:
    stopped = Stand(folder=tmp_path, disk=None, store=None, environ={})
    stopped.data.mkdir()
    environ = os.environ | {"MOUTHPIECE_DATA_DIR": str(stopped.data)}
    audit = Audit(stopped, customers, mailbox, {})

    with subprocess.Popen(["sleep", "60"], env=environ) as left:
        _wait_until_told(left.pid, "environ", f"MOUTHPIECE_DATA_DIR={stopped.data}")
        audit.look_after_stop()
        left.kill()

    assert audit.findings.counts == {"orphan_process": 1}


def test_a_reader_that_outlives_its_worker_is_found(tmp_path: Path, customers: Customers, mailbox: Mailbox) -> None:
    stopped = Stand(folder=tmp_path, disk=None, store=None, environ={})
    stopped.data.mkdir()
    audit = Audit(stopped, customers, mailbox, {})
    lasting = f"{sys.executable} -c 'import time; time.sleep(60)' engines.keeper >/dev/null & echo $!"

    left = int(subprocess.run(lasting, shell=True, check=True, stdout=subprocess.PIPE).stdout)
    _wait_until_told(left, "cmdline", "engines.keeper")
    audit.look_after_stop()
    os.kill(left, signal.SIGKILL)

    assert f"orphan_process: process {left} outlived the stack" in audit.findings.words


def test_a_reader_that_another_program_took_in_is_found(tmp_path: Path, customers: Customers, mailbox: Mailbox) -> None:
    stopped = Stand(folder=tmp_path, disk=None, store=None, environ={})
    stopped.data.mkdir()
    audit = Audit(stopped, customers, mailbox, {})
    lasting = f"{sys.executable} -c 'import time; time.sleep(60)' engines.keeper & echo $!; exec sleep 60"

    with subprocess.Popen(lasting, shell=True, stdout=subprocess.PIPE, text=True) as adopting:
        assert adopting.stdout
        left = int(adopting.stdout.readline())
        _wait_until_told(left, "cmdline", "engines.keeper")
        audit.look_after_stop()
        os.kill(left, signal.SIGKILL)
        adopting.kill()

    assert f"orphan_process: process {left} outlived the stack" in audit.findings.words
