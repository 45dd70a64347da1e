"""The plain loop makes what reference implementations make, their faults included."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from engines.wav2lip.network import Layout, Wav2Lip
from scripts.speed.clips import voice_of
from scripts.speed.generated_weights import fill
from scripts.speed.plain.loop import read_all, run, window_starts
from scripts.speed.tasks import PlainTask
from tests.engines.drawn_face import drawn_face
from tests.engines.generated_media import write_video
from tests.scripts.speed.talking import SAMPLES

pytestmark = pytest.mark.unit

BOX = (40, 40, 140, 170)


@pytest.fixture
def task(tmp_path: Path) -> PlainTask:
    network = Wav2Lip(Layout.SMALL)
    fill(network)
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    return PlainTask(
        clip=write_video(tmp_path / "clip.mp4", [drawn_face(size=192, centre=(96, 96), scale=0.4)] * 12),
        voice=voice_of(SAMPLES / "voice-austen.wav", tmp_path / "voice.wav", 0.48),
        folder=tmp_path,
        weights=tmp_path / "weights.pth",
        box=BOX,
        batch=8,
    )


def test_the_box_alone_is_drawn_and_the_last_frames_are_lost(task: PlainTask) -> None:
    told: list[bool] = []

    numbers = run(task, lambda: told.append(True))

    assert told
    assert numbers["frames"] == 9
    made, _ = read_all(task.folder / "result.mp4")
    source, _ = read_all(task.clip)
    assert len(made) == 9
    change = np.abs(made[4].astype(int) - source[4]).mean(axis=-1)
    left, top, right, bottom = BOX
    assert change[top:bottom, left:right].mean() > 20
    assert change[: top - 8].mean() < 6
    with av.open(str(task.folder / "result.mp4")) as container:
        assert container.streams.audio


def test_its_stages_are_the_whole(task: PlainTask) -> None:
    numbers = run(task, lambda: None)

    parts = sum(numbers[part] for part in ("read_s", "model_s", "paste_s", "mux_s"))
    assert parts == pytest.approx(numbers["whole_s"])
    assert numbers["model_s"] > 0


def test_windows_begin_where_the_references_do(parity: Path) -> None:
    for case, starts in json.loads((parity / "wav2lip_chunk_starts.json").read_text()).items():
        columns, _, fps = case.partition("@")
        assert window_starts(int(columns), float(fps)) == starts


def test_all_frames_of_a_video_are_read(task: PlainTask) -> None:
    frames, fps = read_all(task.clip)

    assert len(frames) == 12
    assert fps == 25
    expected = cv2.cvtColor(drawn_face(size=192, centre=(96, 96), scale=0.4), cv2.COLOR_RGB2BGR)
    assert np.abs(frames[0].astype(int) - expected).mean() < 6
