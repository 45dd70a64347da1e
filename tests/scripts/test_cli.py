"""The edge of the command line: faults are one line and a code, results go to stdout."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.settings import environment
from scripts.trial import TRIVIAL_ENGINE
from storage.records import Records

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


def test_lists_are_shown_as_they_are_set() -> None:
    answer = _mouthpiece("settings", MOUTHPIECE_ACCEPT_LICENCES="wav2lip,musetalk")

    assert " musetalk,wav2lip " in answer.stdout
    assert "frozenset" not in answer.stdout


def test_a_number_that_is_none_is_told_as_such() -> None:
    answer = _mouthpiece("settings", MOUTHPIECE_SEGMENT_S="x", MOUTHPIECE_TORCH_THREADS="1.5")

    assert "MOUTHPIECE_SEGMENT_S: must be a number, not 'x'" in answer.stderr
    assert "MOUTHPIECE_TORCH_THREADS: must be a whole number, not '1.5'" in answer.stderr


@pytest.mark.parametrize(
    "words", [("jobs", "list"), ("jobs", "show", "17"), ("jobs", "cancel", "17"), ("keys", "list")]
)
def test_a_folder_without_records_is_no_empty_service(tmp_path: Path, words: tuple[str, ...]) -> None:
    wrong = tmp_path / "wrong"

    answer = _mouthpiece(*words, "--data", str(wrong))

    assert answer.returncode == 1
    assert answer.stderr == (
        f"mouthpiece: no records in {wrong}. Start it with mouthpiece up --data {wrong}, or name the right folder.\n"
    )
    assert not wrong.exists()


def test_a_key_may_be_made_before_the_service_first_runs_and_that_is_said(tmp_path: Path) -> None:
    answer = _mouthpiece("keys", "create", "--data", str(tmp_path))

    assert answer.returncode == 0
    assert answer.stderr == f"no service has run on {tmp_path} yet: making its records\n"


def test_a_job_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    Records(tmp_path / "records.db").close()

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
        *("submit", "--image", sample, "--audio", sample, "--url", "http://127.0.0.1:9", "--key", "k"),
        *("--data", str(tmp_path)),
    )

    assert answer.returncode == 1
    assert "http://127.0.0.1:9 does not answer" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_temporal_server_that_does_not_answer_is_told_with_a_remedy(tmp_path: Path) -> None:
    answer = _mouthpiece("server-init", "--data", str(tmp_path), TEMPORAL_ADDRESS="127.0.0.1:9")

    assert answer.returncode == 1
    assert "no Temporal server answers at 127.0.0.1:9" in answer.stderr


def test_keys_are_shown_once_and_listed_without_their_secret(tmp_path: Path) -> None:
    made = _mouthpiece("keys", "create", "--name", "visitor", "--data", str(tmp_path)).stdout
    listed = _mouthpiece("keys", "list", "--data", str(tmp_path)).stdout

    secret = made.split()[1].split("_", 2)[2]
    assert "whsec_" in made
    assert "visitor  enterprise" in listed
    assert secret not in listed


def test_a_key_is_made_with_the_scopes_that_are_named(tmp_path: Path) -> None:
    _mouthpiece("keys", "create", "--name", "usual", "--data", str(tmp_path))
    _mouthpiece("keys", "create", "--name", "boss", "--scope", "admin", "--scope", "read", "--data", str(tmp_path))
    wrong = _mouthpiece("keys", "create", "--scope", "owner", "--data", str(tmp_path))

    records = Records(tmp_path / "records.db")
    found = {key.name: set(key.scopes) for key in records.keys.list()}
    records.close()
    assert found == {"usual": {"submit", "read"}, "boss": {"read", "admin"}}
    assert wrong.returncode == 2
    assert "'submit', 'read', 'admin'" in wrong.stderr


def test_short_commands_start_fast_and_without_torch(tmp_path: Path) -> None:
    Records(tmp_path / "records.db").close()
    _mouthpiece("jobs", "list", "--data", str(tmp_path))
    took_s: list[float] = []
    while len(took_s) < 5 and min(took_s, default=2) >= 2:
        began = time.monotonic()
        answer = _mouthpiece("jobs", "list", "--data", str(tmp_path))
        took_s.append(time.monotonic() - began)
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, scripts.cli_jobs, scripts.cli_keys; print('torch' in sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout.startswith("NUMBER")
    assert min(took_s) < 2, "half a second on an idle machine"
    assert loaded.stdout.strip() == "False"


def test_a_language_without_words_is_told_where_a_file_is_rendered_too(tmp_path: Path) -> None:
    portrait, voice = str(ROOT / "samples" / "portrait.png"), str(ROOT / "samples" / "voice-austen.wav")
    words = ["--image", portrait, "--audio", voice, "--language", "en", "-o", str(tmp_path / "out.mp4")]

    answer = _mouthpiece("render", *words, **TRIVIAL_ENGINE)

    assert answer.returncode == 0, answer.stderr
    assert "warning: language changes nothing: there are no words in timings\n" in answer.stderr


def test_a_picture_is_no_video(tmp_path: Path) -> None:
    portrait, voice = str(ROOT / "samples" / "portrait.png"), str(ROOT / "samples" / "voice-austen.wav")

    answer = _mouthpiece("render", "--video", portrait, "--audio", voice, "-o", str(tmp_path / "x.mp4"))

    assert answer.returncode == 2
    assert "is a picture; give it with --image" in answer.stderr


@pytest.mark.parametrize(("name", "told"), [("x.avi", "does not end in .mp4"), ("none/x.mp4", "no such folder")])
def test_an_output_that_cannot_be_written_is_told_at_once(tmp_path: Path, name: str, told: str) -> None:
    portrait, voice = str(ROOT / "samples" / "portrait.png"), str(ROOT / "samples" / "voice-austen.wav")

    answer = _mouthpiece("render", "--image", portrait, "--audio", voice, "-o", str(tmp_path / name))

    assert answer.returncode == 2
    assert told in answer.stderr


def test_a_history_that_is_not_there_is_told() -> None:
    answer = _mouthpiece("jobs", "replay", "nothere.json")

    assert answer.returncode == 1
    assert answer.stderr == "mouthpiece: no such file: nothere.json\n"


def test_a_folder_that_cannot_be_made_is_one_line() -> None:
    answer = _mouthpiece("up", "--data", "/proc/nope", "--port", "0")

    assert answer.returncode == 1
    assert answer.stderr.startswith("mouthpiece: data folder /proc/nope: ")
    assert "--data" in answer.stderr


def test_who_stops_reading_early_ends_the_command_with_the_code_of_a_broken_pipe() -> None:
    command = [sys.executable, "-m", "scripts.cli", "settings", "--markdown"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        writer.stdout.close()

        assert writer.stderr.read() == ""
        assert writer.wait(timeout=30) == 141


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
    assert time.monotonic() - began < 15
