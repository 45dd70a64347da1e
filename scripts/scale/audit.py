"""Whether every job of a crowd ended once, rightly, and was charged once."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from contracts.jobs import Status
from scripts.scale.service import Service
from storage.jobs import JobRecord
from storage.records import Records


def audit(service: Service, records: Records, ids: Sequence[str]) -> dict[str, object]:
    """Hold records, credits, outputs and workflows of jobs of one form and key against each other.

    Returns:
        `findings` in words, none when all is well; how many jobs were `lost`; how many `outputs` differ.
    """
    found = {job_id: records.jobs.find(job_id) for job_id in ids}
    jobs = [job for job in found.values() if job]
    states = Counter(job.status for job in jobs)
    outputs = {digest for job in jobs if (digest := _digest(service, job))}
    charged = sum(job.credits for job in jobs)
    balance = records.ledger.balance(jobs[0].key_id)
    completed = service.ask(_count(service, "ExecutionStatus = 'Completed'"))
    going_on = service.ask(_count(service, "ExecutionStatus = 'Running'"))
    others = len(records.jobs.list(limit=len(ids) * 2 + 1000)) - len(jobs)
    complaints = {
        f"{len(ids) - len(set(ids))} ids were given twice": len(set(ids)) != len(ids),
        f"{len(ids) - len(jobs)} jobs are in no record": len(jobs) != len(ids),
        f"states: {dict(states)}": set(states) != {Status.SUCCEEDED},
        f"{len(outputs)} different outputs": len(outputs) != 1,
        f"{sum(not _digest(service, job) for job in jobs)} outputs are missing": not all(
            _digest(service, job) for job in jobs
        ),
        f"charged {charged}, the balance says {balance}": (balance.used, balance.reserved) != (charged, 0),
        f"the jobs cost {sorted({job.credits for job in jobs})}": len({job.credits for job in jobs}) != 1,
        f"{completed} workflows completed, {going_on} go on": (completed, going_on) != (len(ids) + others, 0),
    }
    lost = len(ids) - states[Status.SUCCEEDED]
    return {"lost": lost, "outputs": len(outputs), "findings": [words for words, is_so in complaints.items() if is_so]}


def _digest(service: Service, job: JobRecord) -> str:
    path = service.trial.data / "blobs" / job.output
    return sha256(path.read_bytes()).hexdigest() if job.output and path.is_file() else ""


async def _count(service: Service, which: str) -> int:
    return (await service.client.count_workflows(f"WorkflowType = 'LipsyncJob' AND {which}")).count
