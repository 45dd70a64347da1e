"""Memory of a real `gpu` worker: a whole service is started, and its worker is watched while it does a job."""

import time
from pathlib import Path

import requests

from contracts.errors import InternalError
from scripts.speed.tree import busy_s
from scripts.trial import Trial, running, serving

_LOOK_S = 0.5
_MIB = 1024


class WorkerFailed(InternalError):
    """The job did not end well, or its worker died."""


def worker_cost(clip: Path, voice: Path, log: Path) -> dict[str, float]:
    """Have a service with one `gpu` worker do a job.

    Args:
        clip: the video, in one folder with
        voice: what it is to say.
        log: where the service's log lines go.

    Returns:
        `loaded_mib` and `peak_mib`: resident memory of the worker once it has loaded its engine, and at most;
        `reader_mib`: that of the largest process that decodes, at most; `wall_s` from the request to the finished
        output, and `busy_s`, the processor time of the worker and of what decodes for it.

    Raises:
        WorkerFailed: when the job failed or the worker was started anew on the way.
    """
    with serving(clip.parent) as files, running(log=log) as trial:
        (pid,) = trial.pids("worker", "gpu")
        loaded_mib, loaded_s, began = peak_mib(pid), busy_s(pid), time.perf_counter()
        number = _submitted(trial, f"{files}/{clip.name}", f"{files}/{voice.name}")
        peak, reader = loaded_mib, 0.0
        while not _is_done(trial, number):
            time.sleep(_LOOK_S)
            peak = max(peak, peak_mib(pid))
            reader = max([reader, *map(_resident_mib, trial.pids("engines.keeper"))])
        wall_s, spent_s = time.perf_counter() - began, busy_s(pid) - loaded_s
        return {
            "loaded_mib": loaded_mib,
            "peak_mib": max(peak, peak_mib(pid)),
            "reader_mib": reader,
            "wall_s": wall_s,
            "busy_s": spent_s,
        }


def peak_mib(pid: int) -> float:
    """The most memory that a process has had resident, as Linux counts it.

    Raises:
        WorkerFailed: when there is no such process.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError as fault:
        raise WorkerFailed("the gpu worker died on the way") from fault
    return next(int(line.split()[1]) / _MIB for line in status.splitlines() if line.startswith("VmHWM"))


def _resident_mib(pid: int) -> float:
    """The same of a process that may be gone by now."""
    try:
        return peak_mib(pid)
    except (WorkerFailed, StopIteration):
        return 0.0


def _submitted(trial: Trial, video: str, audio: str) -> int:
    body = {"srcVideoUrl": video, "audioUrl": audio, "videoParams": {"fps": "original"}}
    answer = requests.post(
        f"{trial.url}/api/v1/lipsync/submit", json=body, headers={"X-API-Key": trial.key}, timeout=60
    )
    if not answer.ok:
        raise WorkerFailed(f"the job was refused: {answer.text}")
    return int(answer.json()["jobId"])


def _is_done(trial: Trial, number: int) -> bool:
    answer = requests.get(f"{trial.url}/api/v1/lipsync/status/{number}", headers={"X-API-Key": trial.key}, timeout=60)
    state = answer.json()
    if state.get("status") == "failed":
        raise WorkerFailed(f"the job failed: {state}")
    return bool(state.get("status") == "completed")
