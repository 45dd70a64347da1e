from pathlib import Path

import pytest

from contracts.errors import EngineFault
from engines.base import TimedPhone
from engines.timings import read_timings, write_timings

pytestmark = pytest.mark.unit

PHONES = (
    TimedPhone(symbol="", start_s=0.0, end_s=0.05),
    TimedPhone(symbol="tʃ", start_s=0.05, end_s=0.123457),
    TimedPhone(symbol="aɪ", start_s=0.123457, end_s=0.3),
)


def test_phones_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "phones.json"

    write_timings(PHONES, path)

    assert read_timings(path) == PHONES


def test_the_file_is_rows_of_symbol_start_and_end(tmp_path: Path) -> None:
    path = tmp_path / "phones.json"

    write_timings(PHONES[1:2], path)

    assert path.read_text(encoding="utf-8") == '[["tʃ", 0.05, 0.123457]]'


@pytest.mark.parametrize("text", ["", "{}x", "[1]", '[["a", 0.0]]', '[["a", "soon", 1.0]]', "7"])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "phones.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(EngineFault, match="timings"):
        read_timings(path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "phones.json"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(EngineFault, match="timings"):
        read_timings(path)
