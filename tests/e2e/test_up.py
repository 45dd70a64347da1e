"""`mouthpiece up` itself, and the command line against what it runs."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.trial import TRIVIAL_ENGINE, Trial, running
from tests.e2e.client import Client, client_of, digest, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]


def _mouthpiece(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.cli", *words, "--data", str(data)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def _maps(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")


def test_jobs_and_key_survive_a_restart(files: str, tmp_path: Path) -> None:
    with running(TRIVIAL_ENGINE, data=tmp_path / "data", log=tmp_path / "first.log") as first:
        job_id = client_of(first).image_job(f"{files}/face.png", f"{files}/short.wav")
        before = digest(client_of(first).finished(job_id)["output"])

    with running(TRIVIAL_ENGINE, data=tmp_path / "data", log=tmp_path / "second.log") as second:
        after = digest(client_of(second).finished(job_id)["output"])
        listed = _mouthpiece(second.data, "jobs", "list")

    assert first.key == second.key
    assert before == after
    assert job_id in listed.stdout


def test_a_clean_stop_leaves_no_process_and_no_sign_of_running(tmp_path: Path) -> None:
    with running(TRIVIAL_ENGINE, data=tmp_path / "data", log=tmp_path / "service.log") as trial:
        parts = trial.pids()
        trial.process.send_signal(signal.SIGINT)
        code = trial.process.wait(30)

    assert code == 0
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in parts), 20)
    assert not (trial.data / "stack.json").exists()


def test_a_second_stack_on_the_same_data_is_refused(stack: Trial) -> None:
    answer = _mouthpiece(stack.data, "up", "--port", "0")

    assert answer.returncode == 1
    assert "another stack runs on" in answer.stderr
    assert "--data" in answer.stderr


def test_a_taken_port_is_named_with_a_remedy(stack: Trial, tmp_path: Path) -> None:
    port = stack.url.rpartition(":")[2]

    answer = _mouthpiece(tmp_path, "up", "--port", port)

    assert answer.returncode == 1
    assert f"port {port} is taken" in answer.stderr
    assert "--port" in answer.stderr


def test_the_api_process_never_loads_torch(stack: Trial) -> None:
    assert stack.pids("gunicorn")
    assert [pid for pid in stack.pids("gunicorn") if "libtorch" in _maps(pid)] == []
    assert any("libtorch" in _maps(pid) for pid in stack.pids("worker", "gpu"))


def test_the_doctor_finds_nothing_amiss_in_a_running_stack(stack: Trial) -> None:
    answer = _mouthpiece(stack.data, "doctor")

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "polled by" in answer.stdout


def test_a_job_can_be_sent_shown_replayed_and_run_again(stack: Trial, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    words = ("--image", str(folder / "face.png"), "--audio", str(folder / "short.wav"), "-o", str(out))
    sent = _mouthpiece(stack.data, "submit", *words)
    job_id = sent.stdout.split()[0]

    shown = _mouthpiece(stack.data, "jobs", "show", job_id)
    replayed = _mouthpiece(stack.data, "jobs", "replay", job_id)
    retried = _mouthpiece(stack.data, "jobs", "retry", job_id)

    assert out.stat().st_size > 1000, sent.stderr
    assert "succeeded" in shown.stdout
    assert replayed.stdout.startswith("deterministic:")
    assert "runs again from start" in retried.stdout
    assert client_of(stack).finished(job_id)["output"]


def test_a_cancelled_job_stops_and_says_so(stack: Trial, client: Client, files: str) -> None:
    job_id = client.image_job(f"{files}/face.png", f"{files}/long.wav")

    cancelled = _mouthpiece(stack.data, "jobs", "cancel", job_id)

    assert cancelled.returncode == 0, cancelled.stderr
    assert client.failure(job_id) == "cancelled"


def test_a_made_key_works_until_it_is_revoked(stack: Trial, client: Client) -> None:
    made = _mouthpiece(stack.data, "keys", "create", "--name", "visitor").stdout.split()[1]
    visitor = Client(url=stack.url, key=made)
    before = visitor.get("/api/v1/jobs/00000000-0000-0000-0000-000000000000").status_code

    _mouthpiece(stack.data, "keys", "revoke", made.split("_")[1])

    assert before == 404
    assert visitor.get("/api/v1/jobs/00000000-0000-0000-0000-000000000000").status_code == 401


def test_what_runs_can_be_found_through_the_data_folder(stack: Trial) -> None:
    found = json.loads((stack.data / "stack.json").read_text(encoding="utf-8"))

    assert found["url"] == stack.url
    assert found["pid"] == stack.process.pid


@pytest.mark.parametrize("words", [("jobs", "list"), ("jobs", "show", "1"), ("server-init",)], ids=" ".join)
def test_short_commands_end_well_every_time(stack: Trial, client: Client, files: str, words: tuple[str, ...]) -> None:
    client.finished(client.image_job(f"{files}/face.png", f"{files}/short.wav"))

    codes = [_mouthpiece(stack.data, *words).returncode for _ in range(10)]

    assert codes == [0] * 10
