"""The commands of the operators' pages for backups, updates and recorded histories, run as they stand there."""

import json
import subprocess
from pathlib import Path

import pytest

from scripts.trial import TRIVIAL_ENGINE, running
from tests.e2e.client import client_of
from tests.pages import ROOT, Shell

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

#: Instead of a service that runs for good: one that is stopped once it is ready.


def until_ready(number: int) -> str:
    """Put after `mouthpiece up`, this waits until it is ready and stops it; what it prints is in readyNUMBER.txt."""
    said = f"ready{number}.txt"
    ready = f"until grep -qs ^ready {said}; do kill -0 $!; sleep 0.2; done"
    return f" --port 0 >{said} & {ready}; kill -TERM $!; wait $!"


def _git(*words: str, folder: Path = ROOT) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, timeout=60)


def _checkout(folder: Path) -> Path:
    """A checkout of today's last commit, whose origin is another one."""
    _git("clone", "--quiet", "--bare", "--shared", str(ROOT), str(folder / "origin"))
    _git("branch", "--force", "main", "HEAD", folder=folder / "origin")
    _git("clone", "--quiet", "--shared", "--branch", "main", str(folder / "origin"), str(folder / "checkout"))
    return folder / "checkout"


def test_a_backup_is_made_and_restored(tmp_path: Path, files: str) -> None:
    backups, restored = str(tmp_path / "monday"), str(tmp_path / "restored")
    with running(TRIVIAL_ENGINE, data=tmp_path / "data", log=tmp_path / "service.log") as service:
        client = client_of(service)
        client.finished(client.image_job(f"{files}/face.png", f"{files}/short.wav"))
        operator = Shell(tmp_path, TRIVIAL_ENGINE | {"MOUTHPIECE_DATA_DIR": str(service.data)})
        operator.block(
            "mouthpiece backup /backups/monday",
            {
                "/backups/monday": backups,
                "mouthpiece up --data /srv/mouthpiece": f"mouthpiece up --data {restored}{until_ready(1)}",
                "/srv/mouthpiece": restored,
            },
        )
    older = str(tmp_path / "older")
    operator.block(
        "mouthpiece restore /backups/before --data /srv/older",
        {
            "/backups/before": backups,
            "mouthpiece up --data /srv/older": f"mouthpiece up --data {older}{until_ready(2)}",
            "/srv/older": older,
        },
    )

    for number in (1, 2):
        assert service.key in (tmp_path / f"ready{number}.txt").read_text(encoding="utf-8")


def test_new_code_is_held_against_a_job_before_it_is_taken(tmp_path: Path, files: str) -> None:
    checkout = _checkout(tmp_path)
    # As `scripts/setup` would, but without the network: the program of a checkout runs the code of that checkout.
    programs = "mkdir -p ../next/.venv/bin && cp bin/mouthpiece ../next/.venv/bin"
    with running(TRIVIAL_ENGINE, data=tmp_path / "data", log=tmp_path / "service.log") as service:
        client = client_of(service)
        job_id = client.image_job(f"{files}/face.png", f"{files}/short.wav")
        client.finished(job_id)
        operator = Shell(checkout, TRIVIAL_ENGINE | _of(service.data))
        told = operator.block(
            "temporal workflow show --workflow-id job-<id> --output json >history.json",
            {
                "<id>": job_id,
                "../next/.venv": f"PYTHONPATH={tmp_path / 'next'} ../next/.venv",
                "../next/scripts/setup": programs,
            },
        )
        said = operator.run("git pull")

    assert "deterministic: all" in told
    assert "up to date" in said
    assert (tmp_path / "next" / "workflows" / "lipsync.py").is_file()


def _of(data: Path) -> dict[str, str]:
    address = json.loads((data / "stack.json").read_text(encoding="utf-8"))["temporal"]
    return {"MOUTHPIECE_DATA_DIR": str(data), "TEMPORAL_ADDRESS": address}


def test_histories_are_recorded_where_there_are_none(tmp_path: Path) -> None:
    told = Shell(tmp_path).run("python -m scripts.capture_histories 3")

    assert ", 0 already there" in told
    made = sorted((tmp_path / "tests" / "workflows" / "histories").glob("*-v3.json"))
    assert len(made) >= 23
    assert all(path.stat().st_size for path in made)


def test_histories_are_replayed(tmp_path: Path, files: str) -> None:
    page = "python -m pytest -q tests/scripts/test_replay.py"
    with running(TRIVIAL_ENGINE, data=tmp_path / "data", log=tmp_path / "service.log") as service:
        client = client_of(service)
        job_id = client.image_job(f"{files}/face.png", f"{files}/short.wav")
        client.finished(job_id)
        told = Shell(tmp_path, TRIVIAL_ENGINE | _of(service.data)).block(
            page, {"tests/scripts": f"--rootdir {ROOT} -c {ROOT}/pyproject.toml {ROOT}/tests/scripts", "JOB": job_id}
        )

    assert " passed" in told
    assert "deterministic: all" in told
