"""Looks at everything a run has left: jobs, outputs, credits, webhooks, workflows, files, processes."""

import asyncio
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from contracts.errors import ErrorCode
from contracts.jobs import Status, webhook_workflow_id, workflow_id
from contracts.retention import Phase
from contracts.settings import Settings
from contracts.studio import STATUS_WORDS
from scripts import connection
from scripts.chaos.customers import Customers, Served
from scripts.chaos.mailbox import Mailbox
from scripts.chaos.patience import Lost
from scripts.chaos.plan import Act
from scripts.chaos.recipes import BY_NAME
from scripts.chaos.stand import Stand
from storage.blobs import open_blobs
from storage.deliveries import WebhookState
from storage.jobs import JobFilter, JobRecord
from storage.records import Records
from storage.retention import DOUBT, Retention

_ENDS: dict[Act, frozenset[Status]] = {
    Act.WAIT: frozenset({Status.SUCCEEDED}),
    Act.CANCEL: frozenset({Status.SUCCEEDED, Status.CANCELLED}),
    Act.LATE: frozenset({Status.SUCCEEDED}),
    Act.HOPELESS: frozenset({Status.FAILED}),
}
#: What a job that may end so is told: what came as the sound of a hopeless one is none.
_ERRORS = {Status.FAILED: ErrorCode.UNREADABLE_MEDIA, Status.CANCELLED: ErrorCode.CANCELLED}
_WORKFLOW_ENDS = {
    Status.SUCCEEDED: WorkflowExecutionStatus.COMPLETED,
    Status.FAILED: WorkflowExecutionStatus.FAILED,
    Status.CANCELLED: WorkflowExecutionStatus.CANCELED,
}
_MOST_JOBS = 100_000
#: Where files lie until they are whole.
_HALF_DONE = ("blobs/.incoming", "scratch", "uploads")
#: What reads files for a worker has ended so long after it.
_READERS_END_S = 15.0
#: A job's end is told a moment before its workflow has closed and its webhook's has begun.
_CLOSING_S = 15.0
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Undisturbed:
    """What an order gives when nothing dies: the output's SHA-256 and the credits."""

    digest: str
    credits: int


@dataclass(slots=True)
class Findings:
    """What is wrong: how often of each kind, and each in words; and what was counted beside."""

    counts: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, what: str) -> None:
        """Note something that is wrong."""
        self.counts[kind] += 1
        self.words.append(f"{kind}: {what}")


class Audit:
    """One look at a stand on which nothing is under way any more.

    Args:
        stand: still up.
        customers: fetch outputs.
        mailbox: holds the webhooks that came.
        undisturbed: what each recipe gives.
    """

    def __init__(
        self, stand: Stand, customers: Customers, mailbox: Mailbox, undisturbed: Mapping[str, Undisturbed]
    ) -> None:
        self._stand = stand
        self._customers = customers
        self._mailbox = mailbox
        self._undisturbed = undisturbed
        self.findings = Findings()
        #: Of jobs that have a seed of their own, by their id: what they are called here, and their output's SHA-256.
        self.unsure: dict[str, tuple[str, str]] = {}

    def look(self, served: Sequence[Served]) -> None:
        """Check every job, and that there is none beside them."""
        records = Records(self._stand.data / "records.db")
        try:
            known = {job.job_id: job for job in records.jobs.list(JobFilter(), limit=_MOST_JOBS)}
            for each in served:
                self._served(each, known.get(each.job_id), records)
            accepted = [each.job_id for each in served if each.job_id]
            for job_id in known.keys() - set(accepted):
                self.findings.add("double", f"job {job_id} was ordered by nobody")
            for job_id, count in Counter(accepted).items():
                if count > 1:
                    self.findings.add("double", f"job {job_id} answers {count} orders")
            self._ledger(known)
        finally:
            records.close()
        if self._mailbox.unsigned:
            self.findings.add("webhook_unsigned", f"{self._mailbox.unsigned} came with a wrong signature")
        asyncio.run(self._workflows(known))

    def compare(self, twins: Mapping[str, str]) -> None:
        """Hold the outputs of `unsure` against those of twins, jobs of the same request that nothing struck."""
        for job_id, (name, digest) in self.unsure.items():
            try:
                self._compare(name, digest, self._customers.output(twins[job_id]))
            except Lost as loss:
                self.findings.add("lost", f"{name}: its twin: {loss}")

    def look_after_stop(self) -> None:
        """Check what is left once the stack is stopped: processes and files."""
        for pid in [*_processes_of(self._stand.data), *_readers_left()]:
            self.findings.add("orphan_process", f"process {pid} outlived the stack")
        settings = self._stand.settings()
        self.findings.told["left_for_retention"] = _sweep(settings)
        for left in _belonging_to_nobody(settings):
            self.findings.add("orphan_file", f"{left} outlives retention")
        if settings.s3_bucket and self._stand.store:
            unfinished = self._stand.store.unfinished()
            self.findings.told["unfinished_uploads_in_bucket"] = len(unfinished)

    def _served(self, served: Served, job: JobRecord | None, records: Records) -> None:
        name = f"order {served.order.number} ({served.order.recipe}, {served.order.act}) job {served.job_id}"
        for complaint in served.complaints:
            self.findings.add("double" if complaint.startswith("doubled") else "lost", f"{name}: {complaint}")
        if job is None:
            self.findings.add("lost", f"{name}: not in the records")
            return
        if job.status not in _ENDS[served.order.act]:
            why = f"{job.error.code}: {job.error.message}" if job.error else ""
            self.findings.add("wrong_end", f"{name}: {job.status} {why}; answers {served.answers}")
        elif job.error and job.error.code != _ERRORS[job.status]:
            self.findings.add("wrong_end", f"{name}: {job.error.code}: {job.error.message}")
        self.findings.told[job.status] += 1
        self._same_answer(name, served, job)
        self._output(name, served, job)
        if BY_NAME[served.order.recipe].has_webhook:
            self._webhooks(name, job, records, len(served.answers))

    def _same_answer(self, name: str, served: Served, job: JobRecord) -> None:
        try:
            said = self._customers.ask("GET", f"/api/v1/jobs/{served.reference}")
        except Lost as loss:
            self.findings.add("lost", f"{name}: {loss}")
            return
        if said.get("status") != STATUS_WORDS[job.status]:
            self.findings.add("disagree", f"{name}: the API says {said}, the records {job.status}")
        if served.answers and served.answers[-1] != (said.get("status"), said.get("error")):
            self.findings.add("changed_end", f"{name}: {served.answers[-1]} became {said}")

    def _output(self, name: str, served: Served, job: JobRecord) -> None:
        expected = self._undisturbed[served.order.recipe]
        credits = expected.credits if job.status is Status.SUCCEEDED else 0
        if job.credits != credits:
            self.findings.add("credits_wrong", f"{name}: {job.credits} credits, not {credits}")
        if job.status is not Status.SUCCEEDED:
            return
        try:
            digest = self._customers.output(served.reference)
        except Lost as loss:
            self.findings.add("lost", f"{name}: {loss}")
            return
        if digest != expected.digest and not BY_NAME[served.order.recipe].has_seed:
            self.unsure[job.job_id] = name, digest
        else:
            self._compare(name, digest, expected.digest)

    def _compare(self, name: str, digest: str, expected: str) -> None:
        if digest == expected:
            self.findings.told["outputs_equal"] += 1
        else:
            self.findings.add("output_differs", f"{name}: {digest[:12]}, not {expected[:12]}")

    def _webhooks(self, name: str, job: JobRecord, records: Records, runs: int) -> None:
        webhooks = records.deliveries.of_job(job.job_id, datetime.now(UTC))
        ids = {webhook.delivery.delivery_id for webhook in webhooks}
        if len(ids) != runs:
            kind = "webhook_missing" if len(ids) < runs else "webhook_double"
            self.findings.add(kind, f"{name}: {len(ids)} for {runs} runs")
        if strange := self._mailbox.ids.get(job.job_id, set()) - ids:
            self.findings.add("webhook_double", f"{name}: {strange} came and is not in the records")
        for webhook in webhooks:
            identity = webhook.delivery.delivery_id
            bodies = self._mailbox.bodies.get(identity, set())
            if len(bodies) > 1:
                self.findings.add("webhook_double", f"{name}: {len(bodies)} bodies under {identity}")
            self.findings.told[f"webhooks_{webhook.state}"] += 1
            if not bodies and webhook.state is not WebhookState.PENDING:
                self.findings.add("webhook_missing", f"{name}: {identity} is {webhook.state} and never came")

    def _ledger(self, known: Mapping[str, JobRecord]) -> None:
        """Hold each job's one entry against what it cost."""
        address = f"file:{self._stand.data / 'records.db'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as database:
            entries = database.execute("SELECT job_id, credits, reserved FROM ledger").fetchall()
        expected = {job.job_id: (job.credits, 0) for job in known.values()}
        for job_id, credits, reserved in entries:
            if expected.pop(job_id, None) != (credits, reserved):
                self.findings.add("credits_wrong", f"job {job_id}: entry of {credits}, {reserved} reserved")
        for job_id in expected:
            self.findings.add("credits_wrong", f"job {job_id}: no entry")

    async def _workflows(self, known: Mapping[str, JobRecord]) -> None:
        client = await connection.connect(self._stand.settings())
        closed = {
            found.id: found.status
            async for found in client.list_workflows("WorkflowType = 'LipsyncJob' AND ExecutionStatus != 'Running'")
        }
        listed = client.list_workflows("WorkflowType = 'LipsyncJob' AND ExecutionStatus = 'Running'")
        running = {found.id async for found in listed}
        ends_at = time.monotonic() + _CLOSING_S
        for name in running:
            if await _status(client, name, ends_at) is WorkflowExecutionStatus.RUNNING:
                self.findings.add("stuck_workflow", name)
        for job in known.values():
            status = await _status(client, workflow_id(job.job_id), ends_at)
            if status is not _WORKFLOW_ENDS.get(job.status):
                self.findings.add("disagree", f"job {job.job_id}: records {job.status}, workflow {status}")
        for unknown in (closed.keys() | running) - {workflow_id(job_id) for job_id in known}:
            self.findings.add("double", f"{unknown} is in no records")
        self.findings.told["workflow_runs"] = len(closed)
        await self._pending_webhooks(client)

    async def _pending_webhooks(self, client: Client) -> None:
        """Whoever waits has a workflow that will go on."""
        ends_at = time.monotonic() + _CLOSING_S
        while stuck := [each for each in self._waiting() if not await _runs(client, webhook_workflow_id(each))]:
            if time.monotonic() > ends_at:
                break
            await asyncio.sleep(_LOOK_S)
        for delivery_id in stuck:
            self.findings.add("webhook_missing", f"{delivery_id} is pending and has no workflow")

    def _waiting(self) -> list[str]:
        address = f"file:{self._stand.data / 'records.db'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as database:
            found = database.execute("SELECT delivery_id FROM webhooks WHERE state = 'pending'").fetchall()
        return [delivery_id for (delivery_id,) in found]


async def _status(client: Client, name: str, ends_at: float) -> WorkflowExecutionStatus | None:
    """How a workflow ended; that it runs, when it has not ended by that time."""
    while True:
        status = (await client.get_workflow_handle(name).describe()).status
        if status is not WorkflowExecutionStatus.RUNNING or time.monotonic() > ends_at:
            return status
        await asyncio.sleep(_LOOK_S)


async def _runs(client: Client, name: str) -> bool:
    try:
        return (await client.get_workflow_handle(name).describe()).status is WorkflowExecutionStatus.RUNNING
    except RPCError as fault:
        if fault.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False  # None has begun yet.


def _processes_of(data: Path) -> list[int]:
    """Processes whose environment names a data folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            environ = place.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        pid = int(place.parent.name)
        if pid != os.getpid() and f"MOUTHPIECE_DATA_DIR={data}" in environ:
            found.append(pid)
    return found


def _readers_left() -> list[int]:
    """Processes that read files for a worker that has gone: they know no data folder, but have lost their parent."""
    ends_at = time.monotonic() + _READERS_END_S
    while (found := _orphans("engines.keeper")) and time.monotonic() < ends_at:
        time.sleep(0.1)
    return found


def _orphans(program: str) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if program in command and _has_lost_its_parent(place):
            found.append(int(place.name))
    return found


def _has_lost_its_parent(place: Path) -> bool:
    """Whether another program than its own looks after a process now: the first one, or one that takes orphans in."""
    try:
        program = (place / "exe").readlink()
        parent = int((place / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return False  # It has gone, or is another user's.
    try:
        return parent == 1 or program != (place.parent / str(parent) / "exe").readlink()
    except OSError:
        return True


def _sweep(settings: Settings) -> int:
    """Remove what belongs to nobody, as the service does when it is a day old; returns how much there was."""
    records = Records(settings.data_dir / "records.db")
    try:
        later = datetime.now(UTC) + DOUBT + timedelta(minutes=1)
        retention = Retention(settings, records, open_blobs(settings), lambda: later)
        due = [each for phase in (Phase.ORPHANS, Phase.LEFTOVERS) for each in retention.due(phase)]
        return sum(each.remove() for each in due)
    finally:
        records.close()


def _belonging_to_nobody(settings: Settings) -> Iterator[str]:
    """Files of no job, work of jobs that need none any more, and what is half done though nobody does it."""
    records = Records(settings.data_dir / "records.db")
    try:
        known = {job.job_id: job.status for job in records.jobs.list(JobFilter(), limit=_MOST_JOBS)}
    finally:
        records.close()
    for blob in open_blobs(settings).listing("jobs"):
        _, job_id, part = blob.key.split("/")[:3]
        if known.get(job_id) is not Status.FAILED and (part == "work" or job_id not in known):
            yield blob.key
    for folder in _HALF_DONE:
        yield from map(str, (settings.data_dir / folder).glob("*"))
