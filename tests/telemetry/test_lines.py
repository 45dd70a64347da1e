import json
import logging
from collections.abc import Iterator

import pytest

from telemetry.lines import JsonLines, Marks, TextLines, configure, line_of_part
from telemetry.marks import current_job, current_request

pytestmark = pytest.mark.unit


def _record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    record = logging.getLogger("test").makeRecord("test", logging.INFO, "", 0, message, args, None, extra=extra)
    assert Marks().filter(record)
    return record


def _told(message: str, *args: object, **extra: object) -> dict[str, object]:
    found: dict[str, object] = json.loads(JsonLines().format(_record(message, *args, **extra)))
    return found


@pytest.fixture
def job() -> Iterator[str]:
    token = current_job.set("job7")
    yield "job7"
    current_job.reset(token)


def test_fields_keep_their_names_and_types() -> None:
    told = _told("spoken voice=%s duration_s=%.2f attempt=%d note=%r", "kokoro/af", 1.5, 2, None)

    assert told["event"] == "spoken"
    assert (told["voice"], told["duration_s"], told["attempt"], told["note"]) == ("kokoro/af", 1.5, 2, None)
    assert (told["level"], told["logger"]) == ("INFO", "test")
    assert str(told["time"]).endswith("Z")


def test_a_precision_cuts_text_short() -> None:
    assert _told("fault detail=%.5r", "abcdefgh")["detail"] == "abcde"


@pytest.mark.parametrize(
    ("message", "args", "event"),
    [
        ("no fields", (), "no fields"),
        ("%d of %d", (1, 2), "1 of 2"),
        ("a=%s of %d", (1, 2), "a=1 of 2"),
        ("100%", (), "100%"),
    ],
)
def test_other_words_are_the_event_as_they_are(message: str, args: tuple[object, ...], event: str) -> None:
    assert _told(message, *args)["event"] == event


def test_a_field_never_hides_what_every_line_has() -> None:
    assert _told("odd level=%s time=%s", "x", "y")["level"] == "INFO"


def test_lines_of_a_step_are_marked_with_their_job(job: str) -> None:
    assert _told("fetched bytes=%d", 7)["job_id"] == job
    assert TextLines().format(_record("fetched bytes=%d", 7)).endswith("test fetched bytes=7 job_id=job7")


def test_a_mark_does_not_stand_twice_in_a_line(job: str) -> None:
    assert TextLines().format(_record("job started job_id=%s", job)).count("job_id=") == 1


def test_lines_between_steps_stay_as_they_are() -> None:
    assert "job_id" not in _told("worker_polls queues=%d", 7)
    assert TextLines().format(_record("worker_polls queues=%d", 7)).endswith("worker_polls queues=7")


def test_lines_of_a_request_are_marked_with_it() -> None:
    token = current_request.set("r1")
    try:
        assert _told("anything")["request_id"] == "r1"
    finally:
        current_request.reset(token)


def test_lines_of_a_workflow_are_marked_with_its_job() -> None:
    assert _told("webhook sent", temporal_workflow={"workflow_id": "job-abc"})["job_id"] == "abc"
    assert "job_id" not in _told("webhook sent", temporal_workflow={"workflow_id": "webhook-msg_1"})


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("GET https://media.example/a.mp4?sig=secret&x=1 failed", "GET https://media.example/a.mp4 failed"),
        ("s3://key:secret@bucket/a", "s3://bucket/a"),
        ("'http://media.example/?token=secret'", "'http://media.example/'"),
        ("http://media.example/a#secret", "http://media.example/a"),
        ("no address?really=yes", "no address?really=yes"),
    ],
)
def test_addresses_lose_what_may_be_a_right(written: str, left: str) -> None:
    assert _told(written)["event"] == left
    assert _told("tried url=%s", written)["url"] == left
    assert TextLines().format(_record(written)).endswith(left)


def test_a_traceback_is_told_without_rights() -> None:
    try:
        raise ValueError("http://media.example/?token=secret")
    except ValueError as fault:
        info = (type(fault), fault, fault.__traceback__)
    record = logging.getLogger("test").makeRecord("test", logging.ERROR, "", 0, "failed", (), info)

    told = json.loads(JsonLines().format(record))

    assert "ValueError" in told["traceback"]
    assert "secret" not in told["traceback"]


def test_a_line_of_a_part_is_told_with_the_part() -> None:
    assert json.loads(line_of_part('{"event": "settled", "level": "INFO"}', "flow")) == {
        "event": "settled",
        "level": "INFO",
        "part": "flow",
    }
    assert json.loads(line_of_part("Segmentation fault", "gpu"))["event"] == "Segmentation fault"
    assert json.loads(line_of_part("7", "gpu"))["event"] == "7"


def test_the_http_library_tells_nothing_of_the_addresses_it_asks(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        configure("DEBUG", "text")
        logging.getLogger("urllib3.connection").warning("Failed to parse headers (url=%s)", "http://a/?signature=hush")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)

    assert "hush" not in capsys.readouterr().err
