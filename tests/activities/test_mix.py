import wave
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.mix import Mix
from activities.workplace import Workplace
from contracts.jobs import MediaInfo, Role, SpeakerOrder
from contracts.steps import MixInput, MixResult
from tests.activities.media import write_voice

pytestmark = pytest.mark.unit


def _voice(workplace: Workplace, folder: Path, side: str, seconds: float) -> MediaInfo:
    key = f"jobs/job1/inputs/audio-{side}"
    workplace.blobs.put(key, write_voice(folder / f"{side}.wav", seconds))
    return MediaInfo(
        role=Role.AUDIO, field=f"{side}_audio", blob=key, container="audio/wav", size_bytes=1, duration_s=seconds
    )


def _run(
    workplace: Workplace, folder: Path, order: SpeakerOrder, left_s: float = 1.0, right_s: float = 1.5
) -> MixResult:
    left, right = _voice(workplace, folder, "left", left_s), _voice(workplace, folder, "right", right_s)
    step = MixInput(job_id="job1", left=left, right=right, order=order)
    return ActivityEnvironment().run(Mix(workplace).mix, step)


@pytest.mark.parametrize(
    ("order", "starts", "seconds"),
    [
        (SpeakerOrder.MEANWHILE, (0.0, 0.0), 1.5),
        (SpeakerOrder.LEFT_RIGHT, (0.0, 1.0), 2.5),
        (SpeakerOrder.RIGHT_LEFT, (1.5, 0.0), 2.5),
    ],
)
def test_two_voices_become_one_stored_sound(
    order: SpeakerOrder, starts: tuple[float, float], seconds: float, workplace: Workplace, tmp_path: Path
) -> None:
    result = _run(workplace, tmp_path, order)

    sound = workplace.blobs.local(result.audio.blob)
    with wave.open(str(sound)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(seconds)
    assert (result.left_start_s, result.right_start_s) == starts
    assert (result.audio.field, result.audio.container) == ("left_audio", "audio/wav")
    assert result.audio.duration_s == pytest.approx(seconds)
    assert result.audio.size_bytes == sound.stat().st_size


def test_a_second_attempt_gives_the_same_file_under_the_same_key(workplace: Workplace, tmp_path: Path) -> None:
    assert _run(workplace, tmp_path, SpeakerOrder.MEANWHILE) == _run(workplace, tmp_path, SpeakerOrder.MEANWHILE)


def test_two_voices_that_are_too_long_together_are_refused(workplace: Workplace, tmp_path: Path) -> None:
    with pytest.raises(ApplicationError, match="right_audio: the two voices together are longer than 5 s") as failure:
        _run(workplace, tmp_path, SpeakerOrder.LEFT_RIGHT, 3.0, 3.0)

    assert (failure.value.type, failure.value.non_retryable) == ("media_too_long", True)
