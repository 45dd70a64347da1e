"""Workers that come and go beside a running stack, and what its histories tell of them."""

import os
import shutil
import signal
from pathlib import Path
from typing import TypeVar

from temporalio.client import WorkflowHistory

from contracts.jobs import workflow_id
from contracts.settings import Settings
from contracts.steps import Step
from scripts import connection
from scripts.trial import Trial
from tests.e2e.client import until
from tests.pages import ROOT

In = TypeVar("In")
Out = TypeVar("Out")

_SLOW = """
import time
from dataclasses import replace
from tests.trivial_engine import trivial_engine

class TrivialEngine(trivial_engine.TrivialEngine):
    info = replace(trivial_engine.TrivialEngine.info, analysis_version={version})

    def render_segment(self, frames, analysis, start, report):
        for frame in super().render_segment(frames, analysis, start, report):
            time.sleep(0.03)
            yield frame
"""


def slow_engine(folder: Path, version: int = 1) -> Path:
    """Make a package of an engine that takes its time over each frame, with analyses of this version."""
    shutil.copytree(ROOT / "tests" / "trivial_engine", folder)
    (folder / "trivial_engine.py").write_text(_SLOW.format(version=version), encoding="utf-8")
    return folder


def stop_gpu(service: Trial) -> None:
    """Take the stack's own gpu worker away; `mouthpiece up` is held by SIGSTOP, so that it does not start another."""
    service.process.send_signal(signal.SIGSTOP)
    for pid in service.pids("worker", "gpu"):
        os.kill(pid, signal.SIGTERM)
    until(lambda: not service.pids("worker", "gpu"), 60)


async def history(data: Path, job_id: str) -> WorkflowHistory:
    """What Temporal has recorded of a job."""
    client = await connection.connect(Settings(data_dir=data))
    return await client.get_workflow_handle(workflow_id(job_id)).fetch_history()


def attempts_at(step: Step[In, Out], recorded: WorkflowHistory) -> list[tuple[str, int]]:
    """Of each time that a step was done, the worker that ended it and its attempt."""
    scheduled = {
        event.event_id
        for event in recorded.events
        if event.activity_task_scheduled_event_attributes.activity_type.name == step.name
    }
    started = [event.activity_task_started_event_attributes for event in recorded.events]
    return [(each.identity, each.attempt) for each in started if each.scheduled_event_id in scheduled]
