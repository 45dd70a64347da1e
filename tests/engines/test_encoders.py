from fractions import Fraction
from pathlib import Path

import pytest

from contracts.errors import EngineFault, Unavailable
from contracts.settings import SOFTWARE_ENCODER
from engines import encoders
from engines.encode import encode_segment
from tests.engines.generated_media import pictures

pytestmark = pytest.mark.unit


def test_the_software_encoder_works_everywhere() -> None:
    assert encoders.works(SOFTWARE_ENCODER)
    assert encoders.choose_encoder("libx264") == SOFTWARE_ENCODER


def test_an_encoder_that_is_not_there_does_not_work() -> None:
    assert not encoders.works("h264_none")


def test_auto_takes_what_works() -> None:
    chosen = encoders.choose_encoder("auto")

    assert chosen == SOFTWARE_ENCODER or encoders.works(chosen)


def test_a_hardware_encoder_is_used_if_it_works_and_else_refused_with_a_remedy() -> None:
    if encoders.works("h264_nvenc"):
        assert encoders.choose_encoder("h264_nvenc") == "h264_nvenc"
    else:
        with pytest.raises(EngineFault, match="h264_nvenc") as fault:
            encoders.choose_encoder("h264_nvenc")
        assert "MOUTHPIECE_VIDEO_ENCODER" in fault.value.remedy


def test_a_job_begun_with_an_encoder_that_is_not_here_is_for_another_worker(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="h264_none") as fault:
        encode_segment(pictures(3), Fraction(25), (96, 64), tmp_path / "a.mp4", "h264_none")

    assert fault.value.retryable
    assert fault.value.remedy
