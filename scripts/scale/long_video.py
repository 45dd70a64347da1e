"""One long video over several `gpu` workers: how much sooner it is done, beside the ideal, and where the rest went."""

import itertools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from contracts.errors import InternalError
from contracts.steps import ANALYSE, FETCH, PUBLISH, RENDER
from scripts.scale import parts
from scripts.scale.films import Film
from scripts.scale.histories import JobHistory, StepRun, read_history
from scripts.scale.service import Service, digest, serving_with
from scripts.trial import serving

Say = Callable[[str], None]
Figures = dict[str, object]

_LOOK_S = 0.5
_FILES = frozenset({"image", "video", "audio"})
_TELL_EVERY_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One job with so many workers: its history, the sum of its output, what the service took meanwhile."""

    workers: int
    history: JobHistory
    sha256: str
    busy_s: dict[str, float]
    memory_mib: dict[str, float]
    status_ms: Sequence[float]


def over_workers(film: Film, workers: Sequence[int], say: Say) -> Figures:
    """Make the film once with each number of workers, each time by a service of its own.

    Args:
        film: what to make.
        workers: how many, each time; the first is what the others are held against.
        say: told how it goes.
    """
    runs = [_run(film, count, say) for count in workers]
    return {
        "segments": len(runs[0].history.of(RENDER.name)),
        "bytes_equal": len({run.sha256 for run in runs}) == 1,
        "runs": {str(run.workers): _figures(run, runs[0], film.computes) for run in runs},
    }


def _run(film: Film, workers: int, say: Say) -> _Run:
    home = film.folder / f"with-{workers}"
    with serving(film.folder) as files, serving_with(home, workers, film.environ) as service:
        form = {name: f"{files}/{text}" if name in _FILES else text for name, text in film.form.items()}
        if film.computes:
            _finished(service, service.submit(form), f"{workers} workers, warming up", say)
        before = parts.busy_s(service.trial)
        job_id = service.submit(form)
        status_ms, output = _finished(service, job_id, f"{workers} workers", say)
        return _Run(
            workers=workers,
            history=service.ask(read_history(service.client, job_id)),
            sha256=digest(output),
            busy_s=parts.since(before, parts.busy_s(service.trial)),
            memory_mib=parts.most_memory_mib(service.trial),
            status_ms=status_ms,
        )


def _finished(service: Service, job_id: str, what: str, say: Say) -> tuple[list[float], str]:
    """Wait for a job's end; returns what each question after it took, in ms, and the link to its output."""
    took_ms: list[float] = []
    told_at = 0.0
    while True:
        began = time.monotonic()
        job = service.job(job_id)
        took_ms.append((time.monotonic() - began) * 1000)
        if job["status"] == "completed":
            return took_ms, str(job["output"])
        if job["status"] == "failed":
            raise InternalError(f"the job failed: {job['error']}", remedy="Look at service.log.")
        if began - told_at > _TELL_EVERY_S:
            told_at = began
            say(f"{what}: {job['stage']} {job['percent']} %")
        time.sleep(_LOOK_S)


def _figures(run: _Run, first: _Run, computes: bool) -> Figures:
    rendering, alone = run.history.of(RENDER.name), first.history.of(RENDER.name)
    render_s = _span_s(rendering)
    times = run.workers / first.workers
    cores = os.cpu_count() or 1
    ideal = min(run.workers, cores) / min(first.workers, cores) if computes else times
    speedup = _span_s(alone) / render_s
    busy_s = sum(run.busy_s.values())
    return {
        "render_s": round(render_s, 2),
        "speedup": round(speedup, 3),
        "ideal": ideal,
        "of_ideal": round(speedup / ideal, 3),
        "job_s": round(run.history.seconds, 2),
        "job_speedup": round(first.history.seconds / run.history.seconds, 3),
        "serial_s": {step.name: round(_span_s(run.history.of(step.name)), 2) for step in (FETCH, ANALYSE, PUBLISH)},
        "segment_s": _quantiles([step.done_s - step.begun_s for step in rendering]),
        "between_segments_ms": _quantiles([gap * 1000 for gap in _gaps_s(rendering)]),
        "idle_workers": round(1 - sum(s.done_s - s.begun_s for s in rendering) / (run.workers * render_s), 3),
        "status_ms": _quantiles(list(run.status_ms)),
        "busy_s": run.busy_s,
        "busy_ms_a_segment": round(1000 * busy_s / len(rendering), 1),
        "cores_busy": round(busy_s / run.history.seconds, 2),
        "memory_mib": run.memory_mib,
        "history_events": run.history.events,
        "history_kib": round(run.history.size_bytes / 1024, 1),
    }


def _span_s(steps: Sequence[StepRun]) -> float:
    return max(step.done_s for step in steps) - min(step.asked_s for step in steps)


def _gaps_s(steps: Sequence[StepRun]) -> list[float]:
    """How long each worker was without a segment between two of them."""
    gaps = []
    for worker in {step.worker for step in steps}:
        own = sorted((step for step in steps if step.worker == worker), key=lambda step: step.begun_s)
        gaps += [later.begun_s - earlier.done_s for earlier, later in itertools.pairwise(own)]
    return gaps


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    p99 = float(np.percentile(np.array(values), 99))
    return {"p50": round(median(values), 3), "p99": round(p99, 3), "most": round(max(values), 3)}
