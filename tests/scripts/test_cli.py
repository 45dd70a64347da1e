"""The edge of the command line: faults are one line and a code, results go to stdout."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.settings import environment

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]


def _mouthpiece(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.cli", *words]
    return subprocess.run(
        command, cwd=ROOT, env=environment() | environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_wrong_environment_is_told_a_line_for_each_fault() -> None:
    answer = _mouthpiece("settings", MOUTHPIECE_DEVICE="abacus", MOUTHPIECE_COLOUR="red")

    assert answer.returncode == 2
    assert [line.split()[1] for line in answer.stderr.splitlines()] == ["MOUTHPIECE_DEVICE:", "MOUTHPIECE_COLOUR:"]


def test_secrets_are_masked_in_the_settings() -> None:
    answer = _mouthpiece("settings", MOUTHPIECE_SECRET="swordfish")

    assert "swordfish" not in answer.stdout
    assert "****" in answer.stdout


def test_a_job_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    answer = _mouthpiece("jobs", "show", "17", "--data", str(tmp_path))

    assert answer.returncode == 1
    assert answer.stderr == "mouthpiece: no job 17. mouthpiece jobs list shows them.\n"


def test_a_command_that_is_not_understood_ends_with_two() -> None:
    answer = _mouthpiece("render", "--audio", str(ROOT / "samples" / "voice-austen.wav"), "-o", "x.mp4")

    assert answer.returncode == 2
    assert "give one of --image and --video" in answer.stderr


def test_a_service_that_does_not_answer_is_told_with_a_remedy(tmp_path: Path) -> None:
    sample = str(ROOT / "samples" / "portrait.png")

    answer = _mouthpiece(
        "submit", "--image", sample, "--audio", sample, "--url", "http://127.0.0.1:9", "--data", str(tmp_path)
    )

    assert answer.returncode == 1
    assert "http://127.0.0.1:9 does not answer" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_temporal_server_that_does_not_answer_is_told_with_a_remedy(tmp_path: Path) -> None:
    answer = _mouthpiece("server-init", "--data", str(tmp_path), TEMPORAL_ADDRESS="127.0.0.1:9")

    assert answer.returncode == 1
    assert "no Temporal server answers at 127.0.0.1:9" in answer.stderr


def test_keys_are_shown_once_and_listed_without_their_secret(tmp_path: Path) -> None:
    made = _mouthpiece("keys", "create", "visitor", "--data", str(tmp_path)).stdout
    listed = _mouthpiece("keys", "list", "--data", str(tmp_path)).stdout

    secret = made.split()[1].rpartition("_")[2]
    assert "whsec_" in made
    assert "visitor" in listed
    assert secret not in listed


def test_short_commands_start_fast_and_without_torch(tmp_path: Path) -> None:
    _mouthpiece("jobs", "list", "--data", str(tmp_path))
    began = time.monotonic()
    answer = _mouthpiece("jobs", "list", "--data", str(tmp_path))
    took_s = time.monotonic() - began
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, scripts.cli_jobs, scripts.cli_keys; print('torch' in sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout.startswith("NUMBER")
    assert took_s < 2, "half a second on an idle machine"
    assert loaded.stdout.strip() == "False"


def test_an_unplugged_pipe_is_no_crash(tmp_path: Path) -> None:
    command = f"{sys.executable} -m scripts.cli settings --markdown | head -n 1"

    answer = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)

    assert answer.stderr == ""
    assert answer.stdout == "# Configuration\n"


def test_setting_up_again_does_nothing() -> None:
    command = [ROOT / "scripts" / "setup", "--dev"]
    subprocess.run(command, capture_output=True, check=True)
    began = time.monotonic()
    answer = subprocess.run(command, capture_output=True, text=True, check=True)

    assert answer.stderr == "setup: .venv is up to date\n"
    assert time.monotonic() - began < 1
