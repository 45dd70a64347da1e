"""Networks of the published layouts with random weights, through spandrel, on a portrait."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from spandrel.architectures.GFPGAN import GFPGAN
from spandrel.architectures.RestoreFormer import RestoreFormer

from engines.base import Frame
from engines.people.shape import oval_of
from engines.restoration.base import Enhancer
from engines.restoration.loading import load_enhancer
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit

CPU = torch.device("cpu")
#: How far the picture is moved between frames, in pixels: what is left of landmarks' noise when they are steadied.
JITTER = ((0.0, 0.0), (0.3, -0.2), (0.0, 0.0))


@pytest.fixture(scope="module")
def gfpgan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enhancer]:
    folder = tmp_path_factory.mktemp("restoration")
    torch.manual_seed(3)
    torch.save({"params_ema": GFPGAN().state_dict()}, folder / "GFPGANv1.4.pth")
    yield load_enhancer(CPU, folder)
    (folder / "GFPGANv1.4.pth").unlink()


def _jittered() -> list[Frame]:
    return [
        np.asarray(cv2.warpAffine(picture(), np.array([[1, 0, x], [0, 1, y]]), (512, 512), flags=cv2.INTER_CUBIC))
        for x, y in JITTER
    ]


@pytest.fixture(scope="module")
def enhanced(gfpgan: Enhancer) -> list[Frame]:
    """A still picture that trembles, enhanced."""
    return [gfpgan.enhance(frame, points(), 0.004) for frame in _jittered()]


def _mask() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return oval_of(points()).mask(slice(0, 512), slice(0, 512))


def _flicker(frames: list[Frame]) -> float:
    """Mean size of the second difference in time inside the oval."""
    track = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[_mask() > 0] for frame in frames]).astype(float)
    return float(np.abs(np.diff(track, 2, axis=0)).mean())


def test_gfpgan_is_named_with_its_licence(gfpgan: Enhancer) -> None:
    assert gfpgan.summary == "GFPGAN: restores the face (Apache-2.0)"


def test_gfpgan_changes_the_face_alone(enhanced: list[Frame]) -> None:
    changed = (enhanced[0] != picture()).any(axis=-1)

    assert not changed[_mask() == 0].any()
    assert changed[_mask() > 0.9].mean() > 0.9


def test_gfpgan_draws_the_same_bytes_again(enhanced: list[Frame]) -> None:
    assert (_jittered()[2] == _jittered()[0]).all()
    assert (enhanced[2] == enhanced[0]).all()


def test_a_trembling_picture_flickers_no_more_than_before(enhanced: list[Frame]) -> None:
    assert _flicker(enhanced) <= _flicker(_jittered())


def test_the_face_keeps_its_tone_from_frame_to_frame(enhanced: list[Frame]) -> None:
    inside = _mask() > 0.5
    tones = np.stack([frame[inside].mean(axis=0) for frame in enhanced])
    before = np.stack([frame[inside].mean(axis=0) for frame in _jittered()])

    assert np.abs(np.diff(tones, axis=0)).max() <= np.abs(np.diff(before, axis=0)).max() + 0.5


class _Stopped(Exception):
    pass


def test_work_on_a_face_can_be_stopped(gfpgan: Enhancer) -> None:
    calls = iter(range(20))

    def alive() -> None:
        if next(calls, None) is None:
            raise _Stopped

    with pytest.raises(_Stopped):
        gfpgan.enhance(picture(), points(), 0.004, 1.0, alive)


def test_restoreformer_is_read_out_of_a_checkpoint_of_its_training(tmp_path: Path) -> None:
    torch.manual_seed(4)
    network = RestoreFormer(n_embed=8, embed_dim=32, ch=32, ch_mult=(1, 1, 1, 1, 1, 1), z_channels=32)
    state = {f"vqvae.{name}": value for name, value in network.state_dict().items()}
    torch.save({"state_dict": state | {"loss.logvar": torch.zeros(1)}, "epoch": 4}, tmp_path / "RestoreFormer.ckpt")

    enhancer = load_enhancer(CPU, tmp_path)

    assert enhancer.summary == "RestoreFormer: restores the face (Apache-2.0)"
    made = enhancer.enhance(picture(), points(), 0.004)
    changed = (made != picture()).any(axis=-1)
    assert changed[_mask() > 0.9].mean() > 0.9
    assert not changed[_mask() == 0].any()
