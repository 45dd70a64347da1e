import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.settings import Settings, environment
from scripts import first_key
from scripts.clock import now_text
from storage.records import Records
from tests.scripts.fake_service import JOB_ID, FakeService, fake_service

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
MEDIA = ["--image", "https://example.com/face.png", "--audio", "https://example.com/voice.wav"]


@pytest.fixture
def service() -> Iterator[FakeService]:
    with fake_service() as service:
        yield service


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder on which a service has run."""
    folder = tmp_path / "data"
    _first_key(folder)
    return folder


def _first_key(data: Path) -> str:
    records = Records(data / "records.db")
    try:
        return first_key.working(Settings(data_dir=data), records)
    finally:
        records.close()


def _command(data: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "scripts.cli", "submit", "--data", str(data), *words]


def _submit(data: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(data, *words),
        cwd=ROOT,
        env=environment() | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_first_key_goes_to_the_data_folders_own_service(service: FakeService, data: Path) -> None:
    answer = _submit(data, *MEDIA, MOUTHPIECE_PUBLIC_URL=service.url)

    assert answer.stdout == f"{JOB_ID}\n"
    assert service.keys == [f"Bearer {_first_key(data)}"]


def test_no_other_service_learns_the_first_key(service: FakeService, data: Path) -> None:
    answer = _submit(data, *MEDIA, "--url", service.url)

    assert answer.returncode == 2
    assert "--key or MOUTHPIECE_API_KEY" in answer.stderr
    assert service.keys == []


def test_another_service_is_sent_the_key_it_was_given(service: FakeService, data: Path) -> None:
    answer = _submit(data, *MEDIA, MOUTHPIECE_URL=service.url, MOUTHPIECE_API_KEY="theirs")

    assert answer.returncode == 0
    assert service.keys == ["Bearer theirs"]


def test_once_the_first_key_is_revoked_the_next_one_is_used(service: FakeService, data: Path) -> None:
    revoked = _first_key(data)
    records = Records(data / "records.db")
    records.keys.revoke(revoked.split("_")[1], now_text())
    records.close()

    answer = _submit(data, *MEDIA, MOUTHPIECE_PUBLIC_URL=service.url)

    assert answer.returncode == 0
    assert service.keys == [f"Bearer {_first_key(data)}"]
    assert service.keys != [f"Bearer {revoked}"]


def test_a_folder_on_which_nothing_has_run_is_told_and_left_alone(service: FakeService, tmp_path: Path) -> None:
    answer = _submit(tmp_path / "none", *MEDIA, MOUTHPIECE_PUBLIC_URL=service.url)

    assert answer.returncode == 1
    assert f"no records in {tmp_path / 'none'}" in answer.stderr
    assert not (tmp_path / "none").exists()


def test_an_address_without_its_scheme_is_told(data: Path) -> None:
    answer = _submit(data, *MEDIA, "--url", "localhost:8080", "--key", "k")

    assert answer.returncode == 2
    assert "does not begin with http:// or https://" in answer.stderr


@pytest.mark.parametrize(("output", "told"), [("none/out.mp4", "no such folder"), ("out.avi", "does not end in .mp4")])
def test_an_output_that_cannot_be_written_is_told_before_anything_is_sent(
    service: FakeService, data: Path, output: str, told: str
) -> None:
    sample = str(ROOT / "samples" / "portrait.png")
    words = ["--image", sample, "--audio", sample, "-o", str(data / output)]

    answer = _submit(data, *words, MOUTHPIECE_PUBLIC_URL=service.url)

    assert answer.returncode == 2
    assert told in answer.stderr
    assert service.uploads == 0


def test_a_job_that_failed_over_a_private_address_is_told_with_what_opens_it(service: FakeService, data: Path) -> None:
    service.jobs = [{"status": "failed", "error": "10.1.2.3 is not public", "error_code": "fetch_refused"}]

    answer = _submit(data, *MEDIA, "--wait", MOUTHPIECE_PUBLIC_URL=service.url)

    assert answer.returncode == 1
    assert "the job failed: 10.1.2.3 is not public" in answer.stderr
    assert "MOUTHPIECE_FETCH_ALLOW" in answer.stderr
    assert "100%" not in answer.stderr


@pytest.fixture
def heeded_ctrl_c() -> Iterator[None]:
    """Children die of ctrl-c even when these tests run in the background, where shells have it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_ctrl_c")
def test_who_stops_waiting_is_told_how_to_see_the_job(service: FakeService, data: Path) -> None:
    environ = environment() | {"MOUTHPIECE_PUBLIC_URL": service.url}
    waiting = subprocess.Popen(
        _command(data, *MEDIA, "--wait"),
        cwd=ROOT,
        env=environ,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not service.asked and time.monotonic() < deadline:
        time.sleep(0.05)

    waiting.send_signal(signal.SIGINT)
    _, told = waiting.communicate(timeout=30)

    assert waiting.returncode == 130
    assert f"The service keeps job {JOB_ID}; mouthpiece jobs show {JOB_ID} --data {data}" in told


def test_all_that_is_said_of_sync_goes_into_the_order(service: FakeService, data: Path, tmp_path: Path) -> None:
    (tmp_path / "said.json").write_text('[{"text": "hello", "start": 0.5, "end": 0.9}]')
    video = ["--video", "https://example.com/clip.mp4", "--audio", "https://example.com/voice.wav"]
    said = ["--timings", str(tmp_path / "said.json"), "--language", "en-US", "--face", "left"]

    answer = _submit(
        data, *video, "--sync-mode", "loop", "--sync-offset", "-40", *said, MOUTHPIECE_PUBLIC_URL=service.url
    )

    assert answer.returncode == 0, answer.stderr
    (body,) = service.bodies
    state = body["formState"]
    assert isinstance(state, dict)
    assert (state["sync_mode"], state["sync_offset_ms"], state["face"]) == ("loop", -40, "left")
    assert (state["timings"], state["language"]) == ([{"text": "hello", "start": 0.5, "end": 0.9}], "en-US")


def test_with_a_vocal_track_it_goes_where_that_dialect_has_it(service: FakeService, data: Path) -> None:
    media = {"video": "clip.mp4", "audio": "song.wav", "vocal": "voice.wav"}
    words = [word for name, file in media.items() for word in (f"--{name}", f"https://example.com/{file}")]

    answer = _submit(
        data,
        *words,
        "--sync-mode",
        "freeze",
        "--sync-offset",
        "80",
        "--face",
        "right",
        MOUTHPIECE_PUBLIC_URL=service.url,
    )

    assert answer.returncode == 0, answer.stderr
    (body,) = service.bodies
    assert body["videoParams"] == {"fps": "original", "sync_mode": "freeze", "sync_offset_ms": 80}
    assert body["face"] == "right"


def test_a_language_without_timings_is_sent_and_what_the_service_says_to_it_is_told(
    service: FakeService, data: Path
) -> None:
    said = ["language changes nothing: there are no words in timings", "unknown fields were ignored: formState.pace"]
    service.jobs = [{"status": "processing", "warnings": said}]

    answer = _submit(data, *MEDIA, "--language", "fr", MOUTHPIECE_PUBLIC_URL=service.url)

    (body,) = service.bodies
    state = body["formState"]
    assert isinstance(state, dict)
    assert state["language"] == "fr"
    assert answer.stdout == f"{JOB_ID}\n"
    assert answer.stderr.splitlines() == [f"warning: {warning}" for warning in said]


def test_a_job_that_cannot_be_asked_after_is_sent_all_the_same(service: FakeService, data: Path) -> None:
    service.jobs = [None]

    answer = _submit(data, *MEDIA, MOUTHPIECE_PUBLIC_URL=service.url)

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, f"{JOB_ID}\n", "")


def test_what_a_finished_job_warns_of_is_told(service: FakeService, data: Path) -> None:
    spans = ["no face from 2.0 s to 3.0 s: frames kept as they are"]
    service.jobs = [{"status": "completed", "output": "https://example.com/out.mp4", "warnings": spans}]

    answer = _submit(data, *MEDIA, "--wait", MOUTHPIECE_PUBLIC_URL=service.url)

    assert f"warning: {spans[0]}\n" in answer.stderr
    assert answer.stdout.splitlines() == [JOB_ID, "https://example.com/out.mp4"]


def test_nothing_is_sent_before_the_timings_are_in_order(service: FakeService, data: Path, tmp_path: Path) -> None:
    (tmp_path / "said.json").write_text('[{"text": "hello", "start": 0.9, "end": 0.5}]')

    answer = _submit(
        data, *MEDIA, "--timings", str(tmp_path / "said.json"), "--language", "en", MOUTHPIECE_PUBLIC_URL=service.url
    )

    assert answer.returncode != 0
    assert "--timings.0.end: must be after start, 0.9 s" in answer.stderr
    assert service.keys == []


@pytest.mark.parametrize("source", ["image", "video"])
def test_words_and_a_voice_are_sent_in_place_of_a_sound(service: FakeService, data: Path, source: str) -> None:
    spoken = ["--script", "Hello there.", "--voice", "voice_english_female_01"]

    answer = _submit(data, f"--{source}", "https://example.com/a", *spoken, MOUTHPIECE_PUBLIC_URL=service.url)

    assert answer.returncode == 0, answer.stderr
    (body,) = service.bodies
    assert body["formState"] == {
        source: "https://example.com/a",
        "script": "Hello there.",
        "voice_id": "voice_english_female_01",
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give one of --audio and --script"),
        (["--audio", "https://example.com/a.wav", "--script", "Hello"], "give one of --audio and --script"),
        (["--script", "Hello"], "--script and --voice go together"),
        (["--audio", "https://example.com/a.wav", "--voice", "v"], "--script and --voice go together"),
    ],
)
def test_half_a_speech_or_two_are_told_before_anything_is_sent(
    service: FakeService, data: Path, words: list[str], told: str
) -> None:
    answer = _submit(data, "--image", "https://example.com/a.png", *words, MOUTHPIECE_PUBLIC_URL=service.url)

    assert answer.returncode == 2
    assert told in answer.stderr
    assert service.keys == []


@pytest.mark.parametrize(
    ("option", "sent"),
    [
        ("0.3,0.4@2.5", {"x": 0.3, "y": 0.4, "at_s": 2.5}),
        ("1,.5", {"x": 1.0, "y": 0.5}),
    ],
)
def test_a_face_can_be_pointed_at(service: FakeService, data: Path, option: str, sent: dict[str, float]) -> None:
    answer = _submit(data, *MEDIA, "--face", option, MOUTHPIECE_PUBLIC_URL=service.url)

    assert answer.returncode == 0, answer.stderr
    (body,) = service.bodies
    state = body["formState"]
    assert isinstance(state, dict)
    assert state["face"] == sent


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("tallest", "none of active, largest, left, right, nor a place such as"),
        ("0.3", "nor a place such as 0.3,0.4"),
        ("30,40", "fractions of the source's width and height, 0 to 1"),
        ("0.3,0.4@-1", "nor a place such as"),
        ("0.3,0.4@90000", "SECONDS are at most 86400"),
    ],
)
def test_a_face_that_is_neither_a_word_nor_a_place_is_told(
    service: FakeService, data: Path, option: str, told: str
) -> None:
    answer = _submit(data, *MEDIA, "--face", option, MOUTHPIECE_PUBLIC_URL=service.url)

    assert answer.returncode == 2
    assert told in " ".join(answer.stderr.split())
    assert service.keys == []
