"""Many short jobs at once, and one of another key while they wait: how fast they go, what is lost, what it takes."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from threading import Event

import numpy as np

from contracts.errors import InternalError
from contracts.steps import FETCH
from scripts.bench_submit import answered, status
from scripts.clock import now_text
from scripts.scale import parts
from scripts.scale.audit import audit
from scripts.scale.histories import read_history
from scripts.scale.inputs import write_short_inputs
from scripts.scale.long_video import Figures, Say
from scripts.scale.service import Service, serving_with
from scripts.trial import TRIVIAL_ENGINE, serving
from storage.jobs import MAX_NUMBER
from storage.records import Records

#: Calls that submit at once.
_SUBMITTERS = 16
_ASKED_PER_S = 20
_WINDOW_S = 10.0
_LONE_JOBS = 5
_SAMPLED = 20
_LOOK_S = 0.5
_LONE_LOOK_S = 0.02
_TELL_EVERY_S = 15.0
_PATIENCE_S = 1800.0
_DATABASES = ("temporal.db", "records.db")


@dataclass(frozen=True, slots=True)
class _Crowd:
    """The service, the form of every job, and its records."""

    service: Service
    form: dict[str, object]
    records: Records
    say: Say


def many_jobs(folder: Path, jobs: int, say: Say) -> Figures:
    """Queue so many jobs at once with a service of its own, and measure until the last has ended.

    Args:
        folder: for everything that is written.
        jobs: how many.
        say: told how it goes.
    """
    write_short_inputs(folder)
    with (
        serving(folder) as files,
        serving_with(folder / "service", 1, TRIVIAL_ENGINE) as service,
        ExitStack() as closing,
    ):
        records = Records(service.trial.data / "records.db")
        closing.callback(records.close)
        form: dict[str, object] = {"image": f"{files}/face.png", "audio": f"{files}/voice.wav", "resolution": "480p"}
        return _measured(_Crowd(service, form, records, say), jobs)


def _measured(crowd: _Crowd, jobs: int) -> Figures:
    service = crowd.service
    _other, text = crowd.records.keys.create("another", now_text())
    other = str(text)
    _lone_job(crowd, other)
    idle = [_lone_job(crowd, other) for _ in range(_LONE_JOBS)]
    crowd.say(f"idle: a job starts after {idle[0]['start_s']} s and ends after {idle[0]['end_s']} s")
    sizes, busy = _sizes(service), parts.busy_s(service.trial)
    began = time.monotonic()
    with ThreadPoolExecutor(_SUBMITTERS) as pool:
        ids = list(pool.map(lambda _: service.submit(crowd.form), range(jobs)))
    accepted_s, waiting = time.monotonic() - began, _waiting(crowd)
    crowd.say(f"{jobs} jobs accepted in {accepted_s:.1f} s; {waiting} of them wait")
    done = Event()
    with ThreadPoolExecutor(2) as pool:
        asking = pool.submit(_asked_meanwhile, service, ids, done)
        lone = pool.submit(_lone_jobs_meanwhile, crowd, other)
        _all_ended(crowd, jobs)
        ended_s = time.monotonic() - began
        done.set()
        status_ms, errors = asking.result()
        among = lone.result()
    busy = parts.since(busy, parts.busy_s(service.trial))
    return {
        "jobs": jobs,
        "accepted_per_s": round(jobs / accepted_s, 1),
        "waiting_when_accepted": waiting,
        "jobs_per_s": round(jobs / ended_s, 2),
        "seconds": round(ended_s, 1),
        "busy_ms_a_job": {part: round(1000 * value / jobs, 1) for part, value in busy.items()},
        "cores_busy": round(sum(busy.values()) / ended_s, 2),
        "status_ms": _percentiles(status_ms) | {"calls": len(status_ms), "errors": errors},
        "another_key": {"idle": _medians(idle), "while_they_wait": _medians(among), "most": _most(among)},
        "memory_mib": parts.most_memory_mib(service.trial),
        "grown_kib_a_job": {
            name: round(1024 * (size - sizes[name]) / jobs, 1) for name, size in _sizes(service).items()
        },
        "history": _histories(service, ids),
        "audit": audit(service, crowd.records, ids),
    }


def _sizes(service: Service) -> dict[str, float]:
    return {name: service.size_mib(name) for name in _DATABASES}


def _waiting(crowd: _Crowd) -> int:
    return crowd.records.jobs.ahead(MAX_NUMBER)


def _all_ended(crowd: _Crowd, jobs: int) -> None:
    deadline, told_at = time.monotonic() + _PATIENCE_S, time.monotonic()
    while waiting := _waiting(crowd):
        if time.monotonic() > deadline:
            raise InternalError(f"{waiting} of {jobs} jobs have not ended", remedy="Look at service.log.")
        if time.monotonic() - told_at > _TELL_EVERY_S:
            told_at = time.monotonic()
            crowd.say(f"{waiting} of {jobs} jobs wait or run")
        time.sleep(_LOOK_S)


def _asked_meanwhile(service: Service, ids: list[str], done: Event) -> tuple[list[float], int]:
    """Ask for one job's state after the other until told to stop; returns latencies in ms, and how many were errors."""
    call, timed = status(service.trial.url, service.trial.key, ids), list[tuple[float, bool]]()
    while not done.is_set():
        timed += answered(call, _ASKED_PER_S, _WINDOW_S)
    return [latency for latency, _ok in timed], sum(not ok for _, ok in timed)


def _lone_jobs_meanwhile(crowd: _Crowd, key: str) -> list[dict[str, float]]:
    """Another key's jobs, one after the other, as long as others wait."""
    found = [_lone_job(crowd, key)]
    while len(found) < _LONE_JOBS and _waiting(crowd) > _SUBMITTERS:
        found.append(_lone_job(crowd, key))
    crowd.say(f"another key's job ended {found[0]['end_s']} s after it was sent, while others waited")
    return found


def _lone_job(crowd: _Crowd, key: str) -> dict[str, float]:
    """Seconds from the sending of a job to its start and to its end, as its client sees them."""
    began = time.monotonic()
    job_id = crowd.service.submit(crowd.form, key)
    while (job := crowd.service.job(job_id, key))["status"] == "processing":
        time.sleep(_LONE_LOOK_S)
    ended_s = time.monotonic() - began
    if job["status"] != "completed":
        raise InternalError(f"another key's job failed: {job['error']}", remedy="Look at service.log.")
    waited = _moment(str(job["finished_at"])) - _moment(str(job["started_at"]))
    return {"start_s": round(max(ended_s - waited, 0.0), 3), "end_s": round(ended_s, 3)}


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _histories(service: Service, ids: Sequence[str]) -> dict[str, float]:
    step = max(1, len(ids) // _SAMPLED)
    found = [service.ask(read_history(service.client, job_id)) for job_id in ids[::step]]
    return {
        "events": median(one.events for one in found),
        "fetches": median(len(one.of(FETCH.name)) for one in found),
        "kib": round(median(one.size_bytes for one in found) / 1024, 1),
    }


def _medians(jobs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(median(job[name] for job in jobs), 3) for name in jobs[0]}


def _most(jobs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: max(job[name] for job in jobs) for name in jobs[0]}


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    p50, p95, p99 = np.percentile(np.array(values), [50, 95, 99]).round(1).tolist()
    return {"p50": p50, "p95": p95, "p99": p99}
