import wave
from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.testing import ActivityEnvironment

from activities.speak import Speak, open_voices
from activities.workplace import Workplace
from contracts.jobs import Role, Script
from contracts.steps import SpeakInput, SpeakResult
from engines.timings import read_timings
from tests.engines.voices.tiny_piper import write_piper

pytestmark = pytest.mark.unit

FIRST = "voice_english_female_01"


@pytest.fixture
def speak(workplace: Workplace) -> Speak:
    return Speak(workplace, open_voices(workplace.settings))


def _run(speak: Speak, text: str, voice_id: str = FIRST) -> SpeakResult:
    step = SpeakInput(job_id="job1", script=Script(text=text, voice_id=voice_id))
    return ActivityEnvironment().run(speak.speak, step)


def test_speech_is_stored_with_the_times_of_its_phones(speak: Speak, workplace: Workplace) -> None:
    result = _run(speak, "Hello there.")

    sound = workplace.blobs.local(result.audio.blob)
    phones = read_timings(workplace.blobs.local(result.phones))
    with wave.open(str(sound)) as file:
        length_s = file.getnframes() / file.getframerate()
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
    assert (result.audio.role, result.audio.field, result.audio.container) == (Role.AUDIO, "script", "audio/wav")
    assert result.audio.blob.startswith("jobs/job1/inputs/speech-")
    assert result.phones.startswith("jobs/job1/work/speech-")
    assert result.audio.size_bytes == sound.stat().st_size
    assert result.audio.duration_s == pytest.approx(length_s)
    assert [phone.symbol for phone in phones][:3] == ["h", "ə", "l"]
    assert phones[-1].end_s <= length_s


def test_a_second_attempt_gives_the_same_bytes_under_the_same_key(speak: Speak, workplace: Workplace) -> None:
    first = _run(speak, "Once more.")
    content = workplace.blobs.local(first.audio.blob).read_bytes()

    assert _run(speak, "Once more.") == first
    assert workplace.blobs.local(first.audio.blob).read_bytes() == content


def test_other_words_go_under_another_key(speak: Speak) -> None:
    assert _run(speak, "Yes.").audio.blob != _run(speak, "No.").audio.blob


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("?!", "unreadable_media", "script: there is nothing in it that can be spoken"),
        ("Too long for the limit of five seconds. " * 4, "media_too_long", "script: its speech is longer than 5 s"),
    ],
)
def test_a_script_that_cannot_be_used_is_refused_by_its_field(text: str, code: str, said: str, speak: Speak) -> None:
    with pytest.raises(ApplicationError, match=said) as failure:
        _run(speak, text)

    assert (failure.value.type, failure.value.non_retryable) == (code, True)


def test_a_fault_of_the_script_names_its_field_as_the_request_spells_it(speak: Speak) -> None:
    step = SpeakInput(job_id="job1", script=Script(text="?!", voice_id=FIRST, field="formState.script"))

    with pytest.raises(ApplicationError, match=r"formState\.script: there is nothing in it"):
        ActivityEnvironment().run(speak.speak, step)


def test_a_voice_that_has_gone_is_said_to_be(speak: Speak) -> None:
    with pytest.raises(ApplicationError, match="there is no voice 'piper_gone'") as failure:
        _run(speak, "Hello.", "piper_gone")

    assert failure.value.non_retryable


def test_an_operators_voice_speaks_as_soon_as_it_lies_in_the_folder(workplace: Workplace, tmp_path: Path) -> None:
    settings = replace(workplace.settings, voices_dir=tmp_path / "voices")
    settings.voices_dir.mkdir()
    speak = Speak(replace(workplace, settings=settings), open_voices(settings))
    write_piper(settings.voices_dir, "My Voice")

    assert _run(speak, "abc", "piper_my_voice").phones


def test_a_cancelled_attempt_stops(speak: Speak) -> None:
    environment = ActivityEnvironment()
    environment.cancel()
    step = SpeakInput(job_id="job1", script=Script(text="Hello.", voice_id=FIRST))

    with pytest.raises(CancelledError):
        environment.run(speak.speak, step)
