"""Files of timings for the commands that make videos."""

from pathlib import Path

import pytest

from contracts.errors import InvalidRequest
from contracts.jobs import TimedText, Timings
from scripts.timings_file import read_file, rows_of

pytestmark = pytest.mark.unit

ROWS = '[{"text": "hello", "start": 0.5, "end": 0.9}, {"phones": "w ɜː l d", "start": 0.9, "end": 1.4}]'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "said.json").write_text(ROWS, encoding="utf-8")
    return tmp_path / "said.json"


def test_a_file_is_read_as_a_request_is_and_written_back_as_one(path: Path) -> None:
    timings = read_file(path, "en-US")

    assert timings == Timings(
        field="--timings",
        entries=(TimedText(text="hello", start_s=0.5, end_s=0.9), TimedText(phones="w ɜː l d", start_s=0.9, end_s=1.4)),
        language="en-US",
    )
    assert rows_of(timings) == [
        {"text": "hello", "start": 0.5, "end": 0.9},
        {"phones": "w ɜː l d", "start": 0.9, "end": 1.4},
    ]


def test_without_a_file_nothing_is_said() -> None:
    assert read_file(None, "en") is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("hello", r"^--right-timings: .* is not JSON: "),
        ("{}", r"^--right-timings: must be a list$"),
        ('[{"text": "hello", "start": 0.5, "end": NaN}]', r"^--right-timings\.0\.end: must be from 0"),
    ],
)
def test_a_fault_names_the_option_and_the_place(path: Path, text: str, fault: str) -> None:
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidRequest, match=fault):
        read_file(path, "en", "--right-timings")


def test_words_want_a_language(path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"^--language: .* holds words$"):
        read_file(path, "")
