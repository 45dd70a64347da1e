import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from contracts.errors import EngineFault, NoFace
from contracts.jobs import Side
from engines.articulate.engine import Articulate
from engines.articulate.performance import unpack
from engines.articulate.retrieval import OWN
from engines.audio import read_speech
from engines.base import Analysis, Direction, Engine, Frame, Speech, TimedPhone, Timeline
from engines.people.shape import places
from tests.engines.drawn_face import drawn_face
from tests.engines.people.portrait import VOICE, picture, points

pytestmark = pytest.mark.unit

FPS = Fraction(25)


@lru_cache
def engine() -> Engine:
    return Articulate(torch.device("cpu"))


@lru_cache
def voice() -> Speech:
    return read_speech(VOICE)


def _timeline(index: NDArray[np.int32], *, is_portrait: bool = False) -> Timeline:
    return Timeline(fps=FPS, source_fps=FPS, width=512, height=512, source_index=index, is_portrait=is_portrait)


def _video(count: int, without_face: range = range(0)) -> Iterator[Frame]:
    """The portrait, moved to and fro by a few pixels, and frames that show nothing."""
    for number in range(count):
        shifted = np.roll(picture(), round(4 * np.sin(number / 3)), axis=1)
        yield np.full_like(shifted, 120) if number in without_face else shifted


def _quiet(_fraction: float) -> None:
    """Take no notice."""


@lru_cache
def portrait_analysis() -> Analysis:
    timeline = _timeline(np.zeros(50, np.int32), is_portrait=True)
    return engine().analyse([picture()], [voice()], timeline, Direction(), _quiet)


#: The arrays of an analysis as version 1 has them: one that is called, shaped or meant otherwise needs another version.
ARRAYS = {
    1: {
        **{f"only.{name}": "float32" for name in ("points", "contrast", "clear", "poses", "light", "presence")},
        **{f"only.{name}": "int32" for name in ("shots", "bank_number", "bank_place", "shown", "choices")},
        **{f"only.{name}": "float32" for name in ("lids", "sway", "reach_weights")},
        "only.reach_scale": "float64",
        "only.fps": "float64",
        "only.bank_pixels": "uint8",
        "enhance": "bool",
    },
}


def test_the_analysis_version_is_raised_with_the_form_of_its_arrays() -> None:
    arrays = {name: str(array.dtype) for name, array in portrait_analysis().tensors.items()}

    assert arrays == ARRAYS[engine().info.analysis_version]


def _rendered(analysis: Analysis, frames: list[Frame], start: int = 0) -> list[Frame]:
    return list(engine().render_segment(frames, analysis, start, _quiet))


def test_a_portrait_speaks() -> None:
    frames = _rendered(portrait_analysis(), [picture()] * 50)
    gaps = unpack(portrait_analysis().tensors)[Side.ONLY].poses[:, 0]

    assert len(frames) == 50
    assert gaps.max() > 0.08
    assert gaps.min() < 0.02
    differences = [np.abs(frame.astype(int) - picture()).mean() for frame in frames]
    assert max(differences) > 0.2


def test_in_a_video_only_mouth_and_jaw_change() -> None:
    frames = list(_video(20))
    analysis = engine().analyse(frames, [voice()], _timeline(np.arange(20, dtype=np.int32)), Direction(), _quiet)
    eyes = int(points()[places((33, 263)), 1].max())

    assert unpack(analysis.tensors)[Side.ONLY].life is None
    for frame, source in zip(_rendered(analysis, frames), frames, strict=True):
        assert np.array_equal(frame[:eyes], source[:eyes])
        assert np.array_equal(frame[:, :60], source[:, :60])


def test_a_portrait_lives_within_its_edges() -> None:
    eyes = int(points()[places((33, 263)), 1].max())
    frames = _rendered(portrait_analysis(), [picture()] * 10, 30)

    assert all(np.array_equal(frame[0], picture()[0]) for frame in frames)
    assert all(np.array_equal(frame[:, :20], picture()[:, :20]) for frame in frames)
    assert any((frame[:eyes] != picture()[:eyes]).any() for frame in frames)


def test_where_a_mask_is_dark_nothing_is_planned_to_move() -> None:
    mask = np.zeros(picture().shape[:2], np.uint8)
    mask[int(points()[places((2,)), 1][0]) :] = 255
    life = unpack(_portrait_of(Direction(mask=mask)).tensors)[Side.ONLY].life

    assert life is not None
    assert not life.lids.any()
    assert not life.sway.any()


def test_segments_rendered_apart_are_those_of_the_whole() -> None:
    whole = _rendered(portrait_analysis(), [picture()] * 50)
    parts = [_rendered(portrait_analysis(), [picture()] * 25, start) for start in (25, 0)]
    life = unpack(portrait_analysis().tensors)[Side.ONLY].life

    assert life is not None
    assert life.lids.any()
    assert life.sway.any()

    assert all(np.array_equal(a, b) for a, b in zip(whole, [*parts[1], *parts[0]], strict=True))


def test_the_same_analysis_comes_out_again() -> None:
    again = engine().analyse(
        [picture()], [voice()], _timeline(np.zeros(50, np.int32), is_portrait=True), Direction(), _quiet
    )

    assert all(np.array_equal(again.tensors[name], value) for name, value in portrait_analysis().tensors.items())


def test_frames_without_a_face_are_given_back_and_named() -> None:
    gone = range(20, 45)
    analysis = engine().analyse(
        _video(75, gone), [voice()], _timeline(np.arange(75, dtype=np.int32)), Direction(), _quiet
    )
    frames = list(_video(75, gone))
    rendered = _rendered(analysis, frames)

    assert analysis.warnings == ("no face from 0.8 s to 1.8 s: frames kept as they are",)
    assert all(rendered[number] is frames[number] for number in gone)


def test_a_moment_without_a_face_is_named_by_one_time() -> None:
    index = np.array([*range(20), 30, *range(50, 75)], dtype=np.int32)
    analysis = engine().analyse(_video(75, range(20, 45)), [voice()], _timeline(index), Direction(), _quiet)

    assert analysis.warnings == ("no face at 0.8 s: frames kept as they are",)


def test_the_change_fades_where_the_face_goes() -> None:
    timeline = _timeline(np.arange(75, dtype=np.int32))
    analysis = engine().analyse(_video(75, range(40, 75)), [voice()], timeline, Direction(), _quiet)
    strength = unpack(analysis.tensors)[Side.ONLY].poses[:, 7]

    assert strength[30] == pytest.approx(1)
    assert (np.diff(strength[36:41]) < 0).all()


def test_a_mouth_behind_something_is_left_alone_and_named() -> None:
    hidden = range(30, 45)
    x, y = points().mean(0).astype(int)

    def frames() -> Iterator[Frame]:
        for number, frame in enumerate(_video(75)):
            covered = frame.copy()
            covered[y + 5 : y + 60, x - 50 : x + 50] = 120
            yield covered if number in hidden else frame

    analysis = engine().analyse(frames(), [voice()], _timeline(np.arange(75, dtype=np.int32)), Direction(), _quiet)
    rendered = _rendered(analysis, given := list(frames()))

    (warning,) = analysis.warnings
    assert re.fullmatch(r"something is before the mouth from 1\.[12] s to 1\.[89] s: frames kept as they are", warning)
    assert all(rendered[number] is given[number] for number in hidden)
    assert (rendered[10] != given[10]).any()


def test_a_video_upside_down_speaks_too() -> None:
    frames = [np.ascontiguousarray(frame[::-1, ::-1]) for frame in _video(30)]
    timeline = _timeline(np.arange(30, dtype=np.int32))
    upright, turned = (
        engine().analyse(given, [voice()], timeline, Direction(), _quiet) for given in (list(_video(30)), frames)
    )
    rendered, expected = _rendered(turned, frames), _rendered(upright, list(_video(30)))

    assert turned.warnings == ()
    for number in (10, 20):
        change = np.abs(expected[number].astype(int) - frames[number][::-1, ::-1])
        difference = np.abs(rendered[number][::-1, ::-1].astype(int) - expected[number])
        assert difference.mean() < 0.5 * change.mean()


def test_a_stranger_who_cuts_in_is_not_driven() -> None:
    def frames() -> Iterator[Frame]:
        for number, frame in enumerate(_video(60)):
            stranger = np.clip(drawn_face(size=512).astype(int) // 2, 0, 255).astype(np.uint8)
            yield stranger if number in range(25, 40) else frame

    analysis = engine().analyse(frames(), [voice()], _timeline(np.arange(60, dtype=np.int32)), Direction(), _quiet)

    assert analysis.warnings == (
        "somebody other than the speaker is seen from 1.0 s to 1.6 s: frames kept as they are",
    )


def test_a_video_played_to_and_fro_is_looked_at_once() -> None:
    index = np.array([*range(30), *range(28, 0, -1)], dtype=np.int32)
    analysis = engine().analyse(_video(30), [voice()], _timeline(index), Direction(), _quiet)

    assert len(analysis.tensors["only.points"]) == 30
    assert len(analysis.tensors["only.poses"]) == len(index)


def test_a_source_is_seen_the_same_whatever_the_rate_of_the_output() -> None:
    plain = _timeline(np.arange(30, dtype=np.int32))
    doubled = replace(plain, fps=2 * FPS, source_index=np.repeat(plain.source_index, 2))
    one, other = (engine().analyse(_video(30), [voice()], line, Direction(), _quiet) for line in (plain, doubled))

    for once, again in zip(unpack(one.tensors).values(), unpack(other.tensors).values(), strict=True):
        assert np.array_equal(once.watched.points, again.watched.points)
        assert np.array_equal(once.light, again.light)


def test_without_any_face_the_job_cannot_be_done() -> None:
    with pytest.raises(NoFace, match="no face was found"):
        engine().analyse(_video(8, range(8)), [voice()], _timeline(np.arange(8, dtype=np.int32)), Direction(), _quiet)


def test_a_face_too_small_to_drive_is_refused() -> None:
    tiny = np.full((512, 512, 3), 90, np.uint8)
    tiny[200:328, 200:328] = picture()[::4, ::4]

    with pytest.raises(NoFace):
        engine().analyse([tiny], [voice()], _timeline(np.zeros(5, np.int32), is_portrait=True), Direction(), _quiet)


def test_progress_rises_and_a_report_that_raises_stops_the_work() -> None:
    seen: list[float] = []
    engine().analyse(_video(40), [voice()], _timeline(np.arange(40, dtype=np.int32)), Direction(), seen.append)

    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] <= 1

    def stop(_fraction: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        engine().analyse(_video(40), [voice()], _timeline(np.arange(40, dtype=np.int32)), Direction(), stop)


def test_an_analysis_that_lacks_something_is_a_fault() -> None:
    tensors = {name: value for name, value in portrait_analysis().tensors.items() if name != "only.poses"}

    with pytest.raises(EngineFault, match="poses"):
        _rendered(Analysis(tensors=tensors), [picture()])


def test_an_analysis_without_a_speaker_is_a_fault() -> None:
    with pytest.raises(EngineFault, match="speaker"):
        _rendered(Analysis(tensors={"enhance": np.array([False])}), [picture()])


def _portrait_of(direction: Direction) -> Analysis:
    timeline = _timeline(np.zeros(50, np.int32), is_portrait=True)
    return engine().analyse([picture()], [voice()], timeline, direction, _quiet)


def test_the_seed_decides_how_far_the_mouth_opens_and_nothing_else_of_it() -> None:
    one, other = (unpack(_portrait_of(Direction(seed=seed)).tensors)[Side.ONLY].poses for seed in (1, 2))
    share = one[:, 0] / np.maximum(other[:, 0], 1e-6)
    is_open = (one[:, 0] > 0.03) & (other[:, 0] > 0.03)

    assert np.abs(share[is_open] - 1).max() > 0.02
    assert np.abs(share[is_open] - 1).max() < 0.25
    assert np.array_equal(one[:, 2:], other[:, 2:])
    assert np.corrcoef(one[:, 0], other[:, 0])[0, 1] > 0.99


def test_a_style_changes_the_performance_and_unknown_words_are_told() -> None:
    plain = unpack(portrait_analysis().tensors)[Side.ONLY].poses
    analysis = _portrait_of(Direction(prompt="Whispering, in purple"))

    assert unpack(analysis.tensors)[Side.ONLY].poses[:, 0].mean() < 0.7 * plain[:, 0].mean()
    (warning,) = analysis.warnings
    assert warning.startswith("prompt: these words change nothing: purple; the styles are calm, ")


def test_enhancement_makes_the_face_clearer_and_leaves_all_else() -> None:
    plain, clearer = (
        _rendered(_portrait_of(Direction(enhance=enhance)), [picture()] * 3)[2].astype(int) for enhance in (False, True)
    )
    x, y = points().mean(0).astype(int)
    changed = np.abs(clearer - plain).max(2)

    assert changed[y - 40 : y + 40, x - 40 : x + 40].mean() > 1
    assert changed[:, :60].max() == changed[-20:].max() == 0


def test_timings_drive_the_lips_in_place_of_the_voice() -> None:
    said = (
        TimedPhone(symbol="", start_s=0, end_s=1.0),
        TimedPhone(symbol="ɑ", start_s=1.0, end_s=1.3),
        TimedPhone(symbol="m", start_s=1.3, end_s=1.45),
    )
    silent = Speech(samples=np.zeros(32000, np.float32), rate=16000, phones=said)
    timeline = _timeline(np.zeros(50, np.int32), is_portrait=True)
    gaps = unpack(engine().analyse([picture()], [silent], timeline, Direction(), _quiet).tensors)[Side.ONLY].poses[:, 0]

    assert gaps[:18].max() < 0.01
    assert gaps[:24].max() < gaps[28] / 2
    assert gaps[28] > 0.08
    assert gaps[34] < 0.01


def test_an_open_smile_keeps_its_own_teeth_throughout() -> None:
    assert (unpack(portrait_analysis().tensors)[Side.ONLY].choices == OWN).all()
