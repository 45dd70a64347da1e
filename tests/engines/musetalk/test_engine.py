"""The engine, from frames and a voice to frames, with networks that are small and know nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from contracts.errors import NoFace
from contracts.jobs import Side
from engines.audio import read_speech
from engines.base import Analysis, Direction, Frame, Speech, Timeline
from engines.inpainting.plan import unpack
from engines.musetalk.engine import MuseTalkEngine
from engines.musetalk.speech import Hearing
from tests.engines.people.portrait import VOICE, picture

pytestmark = pytest.mark.unit

FPS, COUNT = Fraction(25), 9
#: Frames of the video that show nobody.
EMPTY = (4, 5)


@lru_cache
def voice() -> Speech:
    whole = read_speech(VOICE)
    return replace(whole, samples=whole.samples[: 2 * whole.rate])


@lru_cache
def video() -> tuple[Frame, ...]:
    """The portrait, moved by some pixels from frame to frame, and frames that show nothing."""
    moved = [np.roll(picture(), 2 * number, axis=1) for number in range(COUNT)]
    return tuple(np.full_like(frame, 120) if number in EMPTY else frame for number, frame in enumerate(moved))


def quiet(_fraction: float) -> None:
    """Take no notice."""


def timeline(frames: int = COUNT, fps: Fraction = FPS, *, is_portrait: bool = False) -> Timeline:
    index = np.zeros(frames, np.int32) if is_portrait else np.arange(frames, dtype=np.int32) % COUNT
    return Timeline(fps=fps, source_fps=fps, width=512, height=512, source_index=index, is_portrait=is_portrait)


def analysed(engine: MuseTalkEngine, frames: Iterable[Frame], over: Timeline, *voices: Speech) -> Analysis:
    return engine.analyse(iter(frames), voices or [voice()], over, Direction(), quiet)


@pytest.fixture(scope="module")
def analysis(engine: MuseTalkEngine) -> Analysis:
    return analysed(engine, video(), timeline())


@pytest.fixture(scope="module")
def rendered(engine: MuseTalkEngine, analysis: Analysis) -> list[Frame]:
    return list(engine.render_segment(iter(video()), analysis, 0, quiet))


#: The arrays of an analysis as version 1 has them: one that is called, shaped or meant otherwise needs another version.
ARRAYS = {
    1: {
        "only.shown": "int32",
        "only.boxes": "int32",
        "only.outlines": "float32",
        "only.strength": "float32",
        "only.grain": "float32",
        "only.speech": "int16",
        "only.begins": "int64",
        "only.points": "float32",
        "only.presence": "float32",
    }
}


def test_the_analysis_version_is_raised_with_the_form_of_its_arrays(analysis: Analysis) -> None:
    arrays = {name: str(array.dtype) for name, array in analysis.tensors.items()}

    assert arrays == ARRAYS[MuseTalkEngine.info.analysis_version]


def test_the_lower_face_is_drawn_anew_and_nothing_else_is_touched(rendered: list[Frame], analysis: Analysis) -> None:
    (plan,) = unpack(analysis.tensors).values()

    for number in (0, 8):
        changed = np.abs(rendered[number].astype(int) - video()[number]).max(axis=2) > 0
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        left, top, right, bottom = plan.boxes[number]
        assert (top + bottom) / 2 < rows.min() + 0.12 * (bottom - top)
        assert rows.max() < bottom
        assert left <= columns.min() < columns.max() < right
        assert changed.mean() > 0.01


def test_frames_without_a_face_are_the_very_ones_that_came(rendered: list[Frame], analysis: Analysis) -> None:
    assert len(rendered) == COUNT
    assert all(rendered[number] is video()[number] for number in EMPTY)
    assert rendered[0] is not video()[0]
    assert any("no face" in warning for warning in analysis.warnings)


@pytest.mark.parametrize("cut", [1, 4, 8])
def test_frames_are_the_same_however_they_are_cut(
    cut: int, engine: MuseTalkEngine, analysis: Analysis, rendered: list[Frame]
) -> None:
    later = list(engine.render_segment(iter(video()[cut:]), analysis, cut, quiet))
    sooner = list(engine.render_segment(iter(video()[:cut]), analysis, 0, quiet))

    assert all(np.array_equal(one, other) for one, other in zip(sooner + later, rendered, strict=True))


def test_another_engine_draws_the_same(
    engine: MuseTalkEngine, analysis: Analysis, rendered: list[Frame], folder: Path
) -> None:
    other = MuseTalkEngine.load(torch.device("cpu"), folder)

    again = list(other.render_segment(iter(video()), analysis, 0, quiet))

    assert all(np.array_equal(one, expected) for one, expected in zip(again, rendered, strict=True))


def test_a_portrait_is_encoded_once_and_speaks(folder: Path) -> None:
    engine = MuseTalkEngine.load(torch.device("cpu"), folder)
    over = timeline(6, is_portrait=True)
    encoded: list[int] = []
    engine._painter._networks.vae.encoder.register_forward_pre_hook(lambda _part, given: encoded.append(len(given[0])))

    found = analysed(engine, [picture()], over)
    frames = list(engine.render_segment([picture()] * 6, found, 0, quiet))

    assert encoded == [1, 1], "the face without its lower half, and all of it"
    assert all(not np.array_equal(frame, frames[0]) for frame in frames[1:])
    top, bottom = (unpack(found.tensors)[Side.ONLY].boxes[0, edge] for edge in (1, 3))
    upper = slice(0, (top + bottom) // 2 - (bottom - top) // 8)
    assert all(np.array_equal(frame[upper], picture()[upper]) for frame in frames)


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(25, 2)])
def test_speech_keeps_with_the_frames_at_any_rate(fps: Fraction, engine: MuseTalkEngine) -> None:
    frames = int(2 * fps)
    found = analysed(engine, [picture()], timeline(frames, fps, is_portrait=True))

    (plan,) = unpack(found.tensors).values()
    heard_s = (plan.begins + 5) / 50
    assert np.abs(heard_s - np.arange(frames) / float(fps)).max() < 0.021
    assert len(plan.speech) == 2 * 16_000


def test_what_is_between_speech_is_heard_as_silence(engine: MuseTalkEngine) -> None:
    hiss = np.random.default_rng(1).normal(0, 0.001, 2 * voice().rate).astype(np.float32)
    speech = replace(voice(), samples=np.concatenate([voice().samples, hiss]))

    found = analysed(engine, [picture()], timeline(100, is_portrait=True), speech)

    (plan,) = unpack(found.tensors).values()
    assert not plan.speech[round(2.7 * 16_000) :].any()
    assert plan.speech[: 2 * 16_000].any()


def test_each_of_two_faces_says_what_its_own_voice_does(engine: MuseTalkEngine) -> None:
    pair = np.hstack([picture(), picture()])
    voices = [
        replace(voice(), side=Side.LEFT),
        Speech(samples=voice().samples[::-1].copy(), rate=16_000, side=Side.RIGHT),
    ]
    over = replace(timeline(3, is_portrait=True), width=1024)

    found = analysed(engine, [pair], over, *voices)
    frames = list(engine.render_segment([pair] * 3, found, 0, quiet))

    left, right = unpack(found.tensors).values()
    assert left.boxes[0, 2] <= 512 <= right.boxes[0, 0]
    for half in (slice(0, 512), slice(512, 1024)):
        assert not np.array_equal(frames[2][:, half], pair[:, half])


def test_each_face_is_scaled_as_the_public_code_does_and_hears_its_own_voice_at_its_own_moment(
    engine: MuseTalkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [np.hstack([frame, frame]) for frame in (video()[0], video()[1])]
    voices = [
        replace(voice(), side=Side.LEFT),
        Speech(samples=voice().samples[::-1].copy(), rate=16_000, side=Side.RIGHT),
    ]
    over = replace(timeline(4), width=1024, source_index=np.array([0, 1, 1, 0], np.int32))
    found = analysed(engine, pairs, over, *voices)
    drawn: list[tuple[Frame, torch.Tensor]] = []

    def draw(faces: Sequence[Frame], speech: torch.Tensor) -> torch.Tensor:
        drawn.extend(zip(faces, speech, strict=True))
        return torch.from_numpy(np.stack(faces))

    monkeypatch.setattr(engine._painter, "draw", draw)
    list(engine.render_segment([pairs[source] for source in over.source_index], found, 0, quiet))

    plans = list(unpack(found.tensors).values())
    hearings = [Hearing(engine._hear, plan.speech.astype(np.int16)) for plan in plans]
    expected = [(number, side) for number in range(4) for side in (0, 1)]
    for (number, side), (face, heard) in zip(expected, drawn, strict=True):
        plan, source = plans[side], over.source_index[number]
        left, top, right, bottom = plan.boxes[source].tolist()
        cut = pairs[source][top:bottom, left:right]
        np.testing.assert_array_equal(face, cv2.resize(cut, (256, 256), interpolation=cv2.INTER_LANCZOS4))
        assert torch.equal(heard, hearings[side].windows([int(plan.begins[number])])[0])


def test_nobody_to_drive_is_told_as_such(engine: MuseTalkEngine) -> None:
    with pytest.raises(NoFace):
        analysed(engine, [np.full((512, 512, 3), 120, np.uint8)] * 3, timeline(3))


def test_a_job_gives_signs_of_life_within_a_frame(engine: MuseTalkEngine, analysis: Analysis) -> None:
    layers = [layer for layer in engine._painter._networks.vae.modules() if isinstance(layer, nn.Conv2d)]
    told: list[float] = []

    list(engine.render_segment(iter(video()[:1]), analysis, 0, told.append))

    assert len(told) > len(layers)


def test_a_job_is_stopped_within_a_frame(engine: MuseTalkEngine, analysis: Analysis, rendered: list[Frame]) -> None:
    class Cancelled(Exception):
        pass

    def report(_fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        list(engine.render_segment(iter(video()), analysis, 0, report))
    again = list(engine.render_segment(iter(video()), analysis, 0, quiet))
    assert all(np.array_equal(one, expected) for one, expected in zip(again, rendered, strict=True))


def test_frames_are_taken_as_they_are_needed(engine: MuseTalkEngine, analysis: Analysis) -> None:
    taken: list[int] = []

    def frames() -> Iterator[Frame]:
        for number, frame in enumerate(video()):
            taken.append(number)
            yield frame

    drawn = engine.render_segment(frames(), analysis, 0, quiet)
    next(drawn)

    assert len(taken) <= 2
