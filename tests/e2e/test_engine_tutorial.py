"""The engine that docs/engines.md builds, from an empty folder to a finished job."""

import json
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import requests
from numpy.typing import NDArray

from scripts.trial import Trial, running
from tests.e2e.client import until
from tests.engines.tutorial import ROOT, commands, write_package

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the page has it, and the package installed beside it, away from everybody else's environment."""
    folder = tmp_path_factory.mktemp("tutorial")
    write_package(folder)
    for name in ("samples", ".venv"):
        (folder / name).symlink_to(ROOT / name)
    install, *_ = commands()
    assert install == ".venv/bin/python -m pip install ./flap"
    offline = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(folder / "installed")]
    subprocess.run([sys.executable, "-m", "pip", "install", *offline, "./flap"], cwd=folder, check=True)
    return folder


def run(command: str, folder: Path, **environ: str) -> str:
    """Run a command of the page; its output."""
    environment = os.environ | {"PYTHONPATH": str(folder / "installed")} | environ
    words = command.split()
    assert words[0] == ".venv/bin/mouthpiece"
    ran = subprocess.run(
        [sys.executable, "-m", "scripts.cli", *words[1:]],
        cwd=folder,
        env=environment | {"PYTHONPATH": f"{environment['PYTHONPATH']}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def frames_of(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as video:
        return [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]


def test_the_engine_is_listed_and_loads(workplace: Path) -> None:
    _, look, *_ = commands()

    said = run(look, workplace)

    assert "Paints a mouth as wide as the voice is loud." in said
    assert "loads: ready" in said
    assert "flap" in run(".venv/bin/mouthpiece engines", workplace)


def test_it_renders_a_file(workplace: Path) -> None:
    _, _, render, _ = commands()

    run(render, workplace)

    frames = frames_of(workplace / "flap.mp4")
    dark = [int((frame.max(2) < 90).sum()) for frame in frames]
    assert max(dark) - min(dark) > 300, "a mouth opens and shuts"


def test_a_job_names_it(workplace: Path) -> None:
    *_, submit = commands()
    with running({"PYTHONPATH": str(workplace / "installed")}, data=workplace / "data") as service:
        until(lambda: _is_ready(service, "flap"), 60)
        run(submit, workplace, MOUTHPIECE_URL=service.url, MOUTHPIECE_API_KEY=service.key)
        listed = _models(service)

    assert len(frames_of(workplace / "flap-job.mp4")) > 100
    assert listed["flap"]["capabilities"] == ["portrait", "video"]
    assert listed["articulate"]["default"]
    assert not listed["wav2lip"]["ready"]
    assert "MOUTHPIECE_ACCEPT_LICENCES" not in json.dumps(listed), "what only the operator can do"


def _models(service: Trial) -> dict[str, dict[str, object]]:
    answer = requests.get(f"{service.url}/api/v1/models", headers={"X-API-Key": service.key}, timeout=30)
    return {model["name"]: model for model in answer.json()["models"]}


def _is_ready(service: Trial, engine: str) -> bool:
    return bool(_models(service).get(engine, {}).get("ready"))
