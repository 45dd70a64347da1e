"""What is wrong after a run: jobs that are lost or doubled, outputs that differ, webhooks that did not come once."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contracts.jobs import Status
from scripts.chaos.mailbox import Mailbox
from scripts.hosts.customers import Served
from scripts.hosts.site import Site
from storage.jobs import JobFilter
from storage.records import Records

_MOST_JOBS = 100_000
#: Webhooks are tried again after pauses that grow.
_WEBHOOKS_PATIENCE_S = 120.0
_LOOK_S = 0.2


@dataclass(slots=True)
class Audit:
    """Findings over all runs, counted and in words.

    Attributes:
        expected: SHA-256 of each kind's output as one host makes it.
        seen: jobs of earlier runs.
    """

    site: Site
    mailbox: Mailbox
    expected: Mapping[str, str]
    counts: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def add(self, kind: str, what: str) -> None:
        """Note something that is wrong."""
        self.counts[kind] += 1
        self.words.append(f"{kind}: {what}")

    def look(self, served: Sequence[Served]) -> dict[str, object]:
        """Check a run's jobs, once nothing is under way any more, and sum up what there is."""
        before = Counter(self.counts)
        webhooks = self._await_webhooks(served)
        self._records(served)
        for each in served:
            self._outcome(each)
        found = self.counts - before
        return {
            "accepted": sum(bool(each.reference) for each in served),
            "ended": sum(each.status == "completed" for each in served),
            "lost": found["lost"],
            "doubled": found["doubled"],
            "outputs_equal": sum(each.digest == self.expected[each.kind.name] for each in served),
            "outputs_different": found["output_differs"],
            "webhooks_came": webhooks,
            "webhooks_missing": found["webhook_missing"],
            "webhooks_doubled": found["webhook_doubled"],
        }

    def _outcome(self, served: Served) -> None:
        name = f"order {served.number} ({served.kind.name}) job {served.job_id}"
        if served.complaint:
            self.add("doubled" if served.complaint.startswith("doubled") else "lost", f"{name}: {served.complaint}")
        elif served.status != "completed":
            self.add("lost", f"{name} ended as {served.status}")
        elif served.digest != self.expected[served.kind.name]:
            self.add("output_differs", f"{name}: {served.digest[:12]}, not {self.expected[served.kind.name][:12]}")
        came = self.mailbox.ids.get(served.job_id, set())
        if served.kind.has_webhook and len(came) != 1:
            self.add("webhook_missing" if not came else "webhook_doubled", f"{name}: {len(came)} webhooks")

    def _records(self, served: Sequence[Served]) -> None:
        """Hold the records against what customers were told."""
        records = Records(self.site.records)
        try:
            jobs = {job.job_id: job for job in records.jobs.list(JobFilter(), _MOST_JOBS)}
        finally:
            records.close()
        new = jobs.keys() - self.seen
        self.seen |= new
        for job_id, times in Counter(each.job_id for each in served if each.job_id).items():
            if times > 1:
                self.add("doubled", f"job {job_id} answers {times} orders")
            if job_id not in new or jobs[job_id].status is not Status.SUCCEEDED:
                self.add("lost", f"job {job_id} is not in the records as succeeded")
        for job_id in new - {each.job_id for each in served}:
            self.add("doubled", f"job {job_id} was ordered by nobody")

    def _await_webhooks(self, served: Sequence[Served]) -> int:
        wanted = [each.job_id for each in served if each.kind.has_webhook]
        deadline = time.monotonic() + _WEBHOOKS_PATIENCE_S
        while not all(job_id in self.mailbox.ids for job_id in wanted) and time.monotonic() < deadline:
            self.site.tend()
            time.sleep(_LOOK_S)
        return sum(job_id in self.mailbox.ids for job_id in wanted)
