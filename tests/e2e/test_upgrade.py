"""A worker of a new release, whose engine cannot read what the old one analysed, comes while a job is rendered."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from contracts.jobs import Stage
from contracts.settings import Settings
from contracts.steps import ANALYSE
from scripts import connection
from scripts.trial import TRIVIAL_ENGINE, running
from tests.e2e.client import client_of, seen, until
from tests.e2e.workers import attempts_at, history, slow_engine, stop_gpu
from tests.pages import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_job_is_analysed_again_by_the_new_worker_and_ends_well(tmp_path: Path, files: str) -> None:
    engines = [slow_engine(tmp_path / f"v{version}", version) for version in (1, 2)]
    of_old, of_new = ({"PYTHONPATH": os.pathsep.join([str(ROOT), str(engine)])} for engine in engines)
    with running(TRIVIAL_ENGINE | of_old, data=tmp_path / "data", log=tmp_path / "service.log") as service:
        client = client_of(service)
        job_id = client.image_job(f"{files}/face.png", f"{files}/long.wav")
        with closing(connection.gateway(Settings(data_dir=service.data))) as gateway:
            until(lambda: (view := seen(gateway, job_id)) and view.stage is Stage.RENDER)
        stop_gpu(service)
        new = subprocess.Popen(
            [sys.executable, "-m", "scripts.cli", "worker", "gpu", "--data", str(service.data)],
            env=os.environ | TRIVIAL_ENGINE | of_new,
        )
        try:
            job = client.finished(job_id)
        finally:
            new.send_signal(signal.SIGTERM)
            code = new.wait(30)
            service.process.send_signal(signal.SIGCONT)
        analysed = attempts_at(ANALYSE, asyncio.run(history(service.data, job_id)))

    assert job["output"]
    assert code == 0
    assert len(analysed) == 2
    assert analysed[0] != analysed[1]
