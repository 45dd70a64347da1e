import os
from pathlib import Path

import av
import numpy as np
import pytest

from engines.audio import read_speech
from engines.media import VideoSource
from scripts.speed.clips import looped, voice_of
from scripts.speed.stages import Clock, stages
from scripts.speed.tasks import Task
from scripts.speed.work import analyse, publish, render, transcode
from scripts.speed.worker import WorkerFailed, peak_mib
from tests.engines.generated_media import pictures, write_video
from tests.scripts.speed.talking import SAMPLES, talking_task

pytestmark = pytest.mark.unit


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return talking_task(tmp_path)


def test_a_clip_is_repeated_to_a_length(tmp_path: Path) -> None:
    short = write_video(tmp_path / "short.mp4", pictures(12))

    assert len(VideoSource(looped(short, tmp_path / "long.mp4", "video", 1.2))) == 36


@pytest.mark.parametrize("seconds", [0.5, 12.0])
def test_a_voice_is_cut_or_repeated_to_a_length(tmp_path: Path, seconds: float) -> None:
    speech = read_speech(voice_of(SAMPLES / "voice-austen.wav", tmp_path / "voice.wav", seconds))

    assert len(speech.samples) == seconds * speech.rate
    assert np.abs(speech.samples[-speech.rate // 4 :]).max() > 0.001


def test_hearing_counts_the_encoder_too(task: Task) -> None:
    busy = {name: stage["busy_ms"] for name, stage in stages(task).items()}

    assert busy["analyse: speech"] > busy["analyse: rest"]


def test_the_shares_of_the_stages_are_the_whole(task: Task) -> None:
    shares = {name: stage["share"] for name, stage in stages(task).items()}

    assert sum(shares.values()) == pytest.approx(1, abs=0.01)
    assert min(shares.values()) >= 0
    assert min(shares["analyse: mesh"], shares["render: encode"]) > 0.02


def test_the_steps_of_a_job_and_of_its_baseline_make_as_many_frames(task: Task) -> None:
    plan = analyse(task)
    for step in (render, transcode):
        for segment in plan.segments:
            step(task, segment)
        with av.open(str(publish(task, plan))) as container:
            assert container.streams.video[0].frames == plan.frames == 20


def test_time_inside_a_block_is_counted_by_its_name() -> None:
    clock = Clock()
    with clock.at("all"):
        list(clock.each("frames", pictures(3)))

    assert clock.wall_s["all"] >= clock.wall_s["frames"] > 0


def test_the_memory_of_a_process_is_told_while_it_lives() -> None:
    assert 20 < peak_mib(os.getpid()) < 100_000
    with pytest.raises(WorkerFailed, match="died"):
        peak_mib(2**22 + 1)
