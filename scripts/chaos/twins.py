"""Runs the very requests of jobs once more, seed and all, when nothing is struck."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import replace

from contracts.errors import InternalError, NotFound
from scripts import connection
from scripts.chaos.stand import Stand
from scripts.clock import now_text
from storage.records import Records

_LOOK_S = 0.2
#: A queue of them is worked off one by one.
_PATIENCE_EACH_S = 60.0


class NoEnd(InternalError):
    """An undisturbed job does not end."""


def twins_of(stand: Stand, job_ids: Sequence[str]) -> dict[str, str]:
    """Run each job's request as a new job, to the end; returns the new jobs' ids by those of the old ones.

    Raises:
        NoEnd: when they do not end.
    """
    records = Records(stand.data / "records.db")
    gateway = connection.gateway(stand.settings())
    try:
        twins = {}
        for job_id in job_ids:
            found = records.jobs.find(job_id)
            if found is None:
                raise NotFound(f"no job {job_id} in the records")
            twin = replace(found.request, job_id=str(uuid.uuid4()), webhook_url="")
            records.jobs.add(twin, now_text())
            gateway.start(twin)
            records.jobs.mark_started(twin.job_id)
            twins[job_id] = twin.job_id
        _wait(records, list(twins.values()))
        return twins
    finally:
        gateway.close()
        records.close()


def _wait(records: Records, job_ids: Sequence[str]) -> None:
    deadline = time.monotonic() + _PATIENCE_EACH_S * len(job_ids)
    for job_id in job_ids:
        while (found := records.jobs.find(job_id)) is None or not found.status.is_terminal:
            if time.monotonic() > deadline:
                raise NoEnd(f"job {job_id} does not end", remedy="Look at service.log.")
            time.sleep(_LOOK_S)
