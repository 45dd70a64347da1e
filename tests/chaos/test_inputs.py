from collections.abc import Iterator
from http.client import IncompleteRead
from pathlib import Path
from urllib.request import urlopen

import pytest
import requests

from scripts.chaos.inputs import InputServer, Mood, serving_inputs

pytestmark = pytest.mark.unit

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InputServer]:
    (tmp_path / "short.wav").write_bytes(CONTENT)
    with serving_inputs(tmp_path) as inputs:
        yield inputs


def _get(server: InputServer, mood: Mood) -> requests.Response:
    server.mood = mood
    return requests.get(f"{server.url}/short.wav", timeout=10, stream=True)


def _half(server: InputServer, mood: Mood) -> bytes:
    """What comes before the connection breaks."""
    server.mood = mood
    with urlopen(f"{server.url}/short.wav", timeout=10) as answer, pytest.raises(IncompleteRead) as caught:
        answer.read()
    return caught.value.partial


@pytest.mark.parametrize("mood", [Mood.GOOD, Mood.SLOW])
def test_a_file_comes_whole_however_slowly(server: InputServer, mood: Mood) -> None:
    assert _get(server, mood).content == CONTENT


def test_a_cut_file_breaks_off_in_the_middle(server: InputServer) -> None:
    assert _half(server, Mood.CUT) == CONTENT[: len(CONTENT) // 2]


def test_a_changing_file_begins_as_another_one_of_the_same_length(server: InputServer) -> None:
    came = _half(server, Mood.CHANGING)

    assert len(came) == len(CONTENT) // 2
    assert not CONTENT.startswith(came[:1])


def test_a_broken_server_says_so(server: InputServer) -> None:
    assert _get(server, Mood.BROKEN).status_code == 503


def test_a_late_file_is_there_once_it_is_released(server: InputServer) -> None:
    before = requests.get(server.late(7, "short.wav"), timeout=10).status_code
    server.release(7)

    assert before == 404
    assert requests.get(server.late(7, "short.wav"), timeout=10).content == CONTENT
    assert requests.get(server.late(8, "short.wav"), timeout=10).status_code == 404
