from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from contracts.errors import NoFace, WeightsMissing
from contracts.jobs import Side
from engines.audio import read_speech
from engines.base import Analysis, Direction, Frame, Speech, Timeline
from engines.inpainting.plan import unpack
from engines.people.faces import FaceFinder
from engines.restoration.built_in import BuiltIn
from engines.wav2lip.engine import Wav2LipEngine
from engines.wav2lip.network import Layout
from tests.engines.people.portrait import VOICE, landmarks, picture
from tests.engines.wav2lip.generators import generator, network

pytestmark = pytest.mark.unit

_CPU = torch.device("cpu")


@lru_cache
def engine() -> Wav2LipEngine:
    return Wav2LipEngine(generator(), FaceFinder(_CPU), BuiltIn())


@lru_cache
def voice() -> Speech:
    return read_speech(VOICE)


def timeline(index: NDArray[np.int32], fps: Fraction = Fraction(25), *, is_portrait: bool = False) -> Timeline:
    return Timeline(fps=fps, source_fps=fps, width=512, height=512, source_index=index, is_portrait=is_portrait)


def video(count: int, without_face: range = range(0)) -> list[Frame]:
    """The portrait, moved to and fro by a few pixels, and frames that show nothing."""
    shifted = [np.roll(picture(), round(4 * np.sin(number / 3)), axis=1) for number in range(count)]
    return [np.full_like(frame, 120) if number in without_face else frame for number, frame in enumerate(shifted)]


def quiet(_fraction: float) -> None:
    """Take no notice."""


def analysed(frames: Sequence[Frame], fps: Fraction = Fraction(25), speech: Speech | None = None) -> Analysis:
    shown = timeline(np.arange(len(frames), dtype=np.int32), fps)
    return engine().analyse(iter(frames), [speech or voice()], shown, Direction(), quiet)


def rendered(analysis: Analysis, frames: Sequence[Frame], start: int = 0) -> list[Frame]:
    return list(engine().render_segment(iter(frames), analysis, start, quiet))


@lru_cache
def clip() -> tuple[list[Frame], Analysis, list[Frame]]:
    """A video with a gap, its analysis, and what is made of them."""
    frames = video(16, range(6, 10))
    analysis = analysed(frames)
    return frames, analysis, rendered(analysis, frames)


def test_only_the_lower_face_changes() -> None:
    frames, _, made = clip()
    changed = np.any(made[2] != frames[2], axis=2)
    rows, columns = np.nonzero(changed)
    points = landmarks()
    assert changed[round(float(points[14, 1])), round(float(points[14, 0]))]
    assert rows.min() > points[6, 1]
    assert rows.max() < points[152, 1] + 12
    assert columns.min() > points[:, 0].min() - 8
    assert columns.max() < points[:, 0].max() + 8


def test_frames_without_a_face_are_given_back_and_named() -> None:
    frames, analysis, made = clip()
    assert len(made) == len(frames)
    assert all(made[number] is frames[number] for number in range(6, 10))
    assert analysis.warnings == ("no face from 0.2 s to 0.4 s: frames kept as they are",)


def test_the_change_fades_where_the_face_goes() -> None:
    frames, _, made = clip()
    changes = [float(np.abs(made[number].astype(int) - frames[number]).mean()) for number in (1, 4, 5)]
    assert changes == sorted(changes, reverse=True)
    assert changes[2] < 0.5 * changes[0]


@pytest.mark.parametrize("cuts", [[7], [1, 3, 12]])
def test_segments_rendered_apart_are_those_of_the_whole(cuts: list[int]) -> None:
    frames, analysis, whole = clip()
    bounds = [0, *cuts, len(frames)]
    for start, end in reversed(list(pairwise(bounds))):
        for got, expected in zip(rendered(analysis, frames[start:end], start), whole[start:end], strict=True):
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60)], ids=str)
def test_every_frame_hears_its_own_moment_at_any_rate_to_the_last(fps: Fraction) -> None:
    frames = round(3 * fps)
    shown = timeline(np.zeros(frames, np.int32), fps, is_portrait=True)
    analysis = engine().analyse([picture()], [voice()], shown, Direction(), quiet)
    plan = unpack(analysis.tensors)[Side.ONLY]
    moments = np.arange(frames) / float(fps)
    assert len(plan.begins) == frames
    within = moments < 2.7
    assert (np.abs(plan.begins[within] / 80 - moments[within]) < 1 / 80 + 1e-9).all()
    assert plan.begins.max() + 16 == plan.speech.shape[1]


def test_a_still_picture_speaks_to_its_last_frame() -> None:
    shown = timeline(np.zeros(10, np.int32), is_portrait=True)
    analysis = engine().analyse([picture()], [voice()], shown, Direction(), quiet)
    made = rendered(analysis, [picture()] * 10)
    assert len(made) == 10
    assert all(np.any(frame != picture()) for frame in made)
    np.testing.assert_array_equal(rendered(analysis, [picture()] * 3, 7)[2], made[9])


def test_silence_and_noise_between_words_are_heard_as_digital_silence() -> None:
    rate = 16_000
    hiss = np.random.default_rng(1).normal(0, 0.001, 4 * rate).astype(np.float32)
    spoken = np.asarray(voice().samples[: 2 * voice().rate], np.float32)
    speech = Speech(samples=np.concatenate([spoken, hiss[: 2 * voice().rate]]), rate=voice().rate)
    shown = timeline(np.zeros(100, np.int32), is_portrait=True)
    plan = unpack(engine().analyse([picture()], [speech], shown, Direction(), quiet).tensors)[Side.ONLY]
    heard = np.asarray(plan.speech, np.float32)
    assert (heard[:, 220:] == -4).all()
    assert heard[:, :150].max() > 0


def test_a_voice_of_nothing_leaves_a_finite_plan() -> None:
    plan = unpack(analysed(video(4), speech=Speech(samples=np.zeros(0, np.float32), rate=16_000)).tensors)[Side.ONLY]
    assert (np.asarray(plan.speech, np.float32) == -4).all()
    assert (plan.begins == plan.begins.clip(0, plan.speech.shape[1] - 16)).all()


def test_behind_a_voice_that_ends_early_silence_is_heard() -> None:
    early = Speech(samples=voice().samples[: voice().rate], rate=voice().rate)
    plan = unpack(analysed(video(4), Fraction(2), early).tensors)[Side.ONLY]
    last = np.asarray(plan.speech, np.float32)[:, int(plan.begins[-1]) :]
    assert last.shape[1] >= 16
    assert (last == -4).all()


def test_two_voices_move_two_faces() -> None:
    both = np.concatenate([picture()[:, 60:460], picture()[:, 60:460]], axis=1)
    frames = [both] * 6
    shown = replace(timeline(np.arange(6, dtype=np.int32)), width=800)
    voices = [replace(voice(), side=Side.LEFT), replace(voice(), side=Side.RIGHT)]
    analysis = engine().analyse(iter(frames), voices, shown, Direction(), quiet)
    changed = np.any(rendered(analysis, frames)[3] != both, axis=(0, 2))
    assert changed[:400].any()
    assert changed[400:].any()


def test_without_any_face_the_job_cannot_be_done() -> None:
    with pytest.raises(NoFace):
        analysed(video(4, range(4)))


def test_frames_are_taken_one_after_another_and_let_go() -> None:
    frames, analysis, _ = clip()
    ahead = most = 0

    def counted() -> Iterator[Frame]:
        nonlocal ahead, most
        for frame in frames:
            ahead += 1
            most = max(most, ahead)
            yield frame

    for _ in engine().render_segment(counted(), analysis, 0, quiet):
        ahead -= 1
    assert most <= (generator().canvas.ahead + 1) * generator().canvas.batch


def test_a_report_that_raises_stops_the_work() -> None:
    frames, analysis, _ = clip()

    def stop(_fraction: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        list(engine().render_segment(iter(frames), analysis, 0, stop))


def _training(path: Path, layout: Layout) -> None:
    state = {f"module.{name}": value for name, value in network(layout).state_dict().items()}
    torch.save({"state_dict": state, "optimizer": {"state": {0: torch.ones(3)}}, "global_step": 7}, path)


def _safetensors(path: Path, layout: Layout) -> None:
    save_file({name: value.half() for name, value in network(layout).state_dict().items()}, path)


@pytest.mark.parametrize(
    ("name", "save", "layout"),
    [("any.pth", _training, Layout.SMALL), ("large.safetensors", _safetensors, Layout.LARGE)],
    ids=["training checkpoint, 96 px", "half precision, 256 px"],
)
def test_a_checkpoint_in_the_folder_is_loaded_whatever_it_is_called(
    name: str, save: Callable[[Path, Layout], None], layout: Layout, tmp_path: Path
) -> None:
    save(tmp_path / name, layout)
    loaded = Wav2LipEngine.load(_CPU, tmp_path)
    frames = video(2)
    made = list(loaded.render_segment(iter(frames), analysed(frames), 0, quiet))
    assert np.any(made[1] != frames[1])
    assert loaded._generator.canvas.side == layout


def test_an_empty_folder_is_told_with_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"the generator \(\*\.pth") as told:
        Wav2LipEngine.load(_CPU, tmp_path)
    assert str(tmp_path) in told.value.remedy
    assert "github.com/Rudrabha/Wav2Lip" in told.value.remedy


def test_several_checkpoints_are_told_by_name(tmp_path: Path) -> None:
    for name in ("wav2lip.pth", "wav2lip_gan.pth"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(WeightsMissing, match=r"wav2lip\.pth, wav2lip_gan\.pth") as told:
        Wav2LipEngine.load(_CPU, tmp_path)
    assert told.value.remedy.startswith(f"Keep the one in {tmp_path}")


def _cut_short(path: Path) -> None:
    _training(path, Layout.SMALL)
    path.write_bytes(path.read_bytes()[:100_000])


def _page(path: Path) -> None:
    path.write_bytes(b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>")


def _fork(path: Path) -> None:
    torch.save({f"face_encoder_blocks.{block}.0.conv_block.0.weight": torch.zeros(1) for block in range(9)}, path)


def _altered(path: Path) -> None:
    state = dict(network().state_dict())
    state["output_block.1.weight"] = torch.zeros(3, 64, 1, 1)
    del state["audio_encoder.0.conv_block.1.bias"]
    torch.save(state, path)


@pytest.mark.parametrize(
    ("spoil", "cause", "remedy"),
    [
        (_cut_short, "damaged or cut short", "Download it to "),
        (_page, "web page", "with a browser"),
        (_fork, "a fork's for larger faces", "wav2lip_gan.pth"),
        (_altered, r"lacks 1 tensors.*output_block\.1\.weight is 3x64x1x1 instead of 3x32x1x1", "layout"),
    ],
)
def test_a_file_that_does_not_do_is_told_with_its_name_cause_and_remedy(
    spoil: Callable[[Path], None], cause: str, remedy: str, tmp_path: Path
) -> None:
    spoil(path := tmp_path / "wav2lip_gan.pth")
    with pytest.raises(WeightsMissing, match=cause) as told:
        Wav2LipEngine.load(_CPU, tmp_path)
    assert f"{tmp_path.name}/wav2lip_gan.pth " in str(told.value)
    assert str(path) in told.value.remedy
    assert remedy in told.value.remedy


def test_it_is_listed_with_the_terms_of_its_weights() -> None:
    info = Wav2LipEngine.info
    assert "LRS2" in info.notice
    (known,) = info.needs[0].sha256
    assert known == "ca9ab7b7b812c0e80a6e70a5977c545a1e8a365a6c49d5e533023c034d7ac3d8"  # pragma: allowlist secret
    assert info.capabilities.several_faces
    assert not info.capabilities.prompt
    assert not info.capabilities.seed
