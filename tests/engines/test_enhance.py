import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.base import Frame
from engines.enhance import Oval, enhance_face
from engines.people.light import light_of, measure_light
from engines.people.shape import oval_of
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit

GRAIN = 0.004


def _oval() -> Oval:
    return oval_of(points())


def _radius(oval: Oval) -> NDArray[np.float64]:
    """Of each pixel of the portrait from the oval's middle, 1 on its edge."""
    y, x = np.mgrid[: picture().shape[0], : picture().shape[1]] + 0.5
    inverse = np.linalg.inv(np.stack([oval.across, oval.down], axis=1))
    return np.asarray(np.linalg.norm((np.stack([x, y], -1) - oval.middle) @ inverse.T, axis=-1))


def _luma(frame: Frame) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.float32)


def _blurred(sigma: float) -> Frame:
    return np.asarray(cv2.GaussianBlur(picture(), (0, 0), sigma), np.uint8)


def _poor() -> Frame:
    small = cv2.resize(picture(), (256, 256), interpolation=cv2.INTER_AREA)
    _, stored = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 40])
    read = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.resize(read, (512, 512), interpolation=cv2.INTER_CUBIC), np.uint8)


def _grainy() -> Frame:
    noise = np.random.default_rng(0).normal(0, 4, picture().shape)
    return np.clip(_blurred(1.2) + noise, 0, 255).astype(np.uint8)


def _sharpness(frame: Frame) -> float:
    return float(cv2.Laplacian(_luma(frame), cv2.CV_32F)[_radius(_oval()) < 0.75].var())


def _roughness(frame: Frame) -> float:
    """Of the skin."""
    return light_of(measure_light(frame, points(), _oval().unit)).grain * 255


def _enhanced(frame: Frame) -> Frame:
    return enhance_face(frame, _oval(), light_of(measure_light(frame, points(), _oval().unit)).grain)


@pytest.mark.parametrize("frame", [_blurred(1.0), _blurred(1.6), _poor()], ids=["soft", "blurred", "poor"])
def test_a_blurred_face_becomes_sharper_and_its_skin_hardly_rougher(frame: Frame) -> None:
    clearer = _enhanced(frame)

    assert _sharpness(clearer) > 1.8 * _sharpness(frame)
    assert _roughness(clearer) < _roughness(frame) + 0.6


def test_a_grainy_face_becomes_smoother() -> None:
    assert _roughness(_enhanced(_grainy())) < 0.6 * _roughness(_grainy())


def test_edges_get_no_halos() -> None:
    step = np.full((512, 512, 3), 90, np.uint8)
    step[:, 256:] = 170
    step = np.asarray(cv2.GaussianBlur(step, (0, 0), 2.0), np.uint8)
    middle = Oval(middle=np.full(2, 256.0), across=np.array([200.0, 0]), down=np.array([0, 250.0]), unit=100.0)

    clearer = enhance_face(step, middle, GRAIN)[256, 200:312, 0].astype(int)

    assert np.diff(clearer).max() > np.diff(step[256, :, 0].astype(int)).max() + 1
    assert clearer.min() > 82
    assert clearer.max() < 178


def test_nothing_outside_the_oval_changes() -> None:
    outside = _radius(_oval()) > 1.01

    assert np.array_equal(_enhanced(_blurred(1.6))[outside], _blurred(1.6)[outside])


def test_the_change_fades_towards_the_ovals_edge() -> None:
    change = np.abs(_enhanced(_grainy()).astype(int) - _grainy()).mean(2)
    rings = [change[(_radius(_oval()) > low) & (_radius(_oval()) <= low + 0.05)].mean() for low in (0.7, 0.85, 0.95)]

    assert rings == sorted(rings, reverse=True)
    assert rings[-1] < 0.3 * rings[0]


def test_colours_stay() -> None:
    before, after = (
        cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb)[..., 1:].astype(int) for frame in (_poor(), _enhanced(_poor()))
    )
    unclipped = (_enhanced(_poor()).min(2) > 0) & (_enhanced(_poor()).max(2) < 255)

    assert np.abs(after - before)[unclipped].max() <= 2


def test_frames_that_hardly_differ_hardly_differ_afterwards() -> None:
    random = np.random.default_rng(1)
    frames = [np.clip(_blurred(1.6) + random.normal(0, 1, picture().shape), 0, 255).astype(np.uint8) for _ in range(2)]
    before, after = (
        np.abs(one.astype(int) - other).mean()
        for one, other in (frames, [enhance_face(f, _oval(), 0.004) for f in frames])
    )

    assert after < 1.3 * before


def test_the_share_says_how_much_of_it_is_done() -> None:
    frame = _blurred(1.6)
    full, half, none = (
        enhance_face(frame, _oval(), GRAIN, share).astype(int) - frame.astype(int) for share in (1.0, 0.5, 0.0)
    )

    assert np.abs(half - full / 2).max() <= 1
    assert not none.any()


def test_the_frame_is_not_written_to() -> None:
    frame = _blurred(1.0)
    frame.setflags(write=False)

    assert enhance_face(frame, _oval(), GRAIN) is not frame


@pytest.mark.parametrize("x", [-400.0, 1000.0])
def test_a_face_outside_the_picture_changes_nothing(x: float) -> None:
    oval = Oval(middle=np.array([x, 200.0]), across=np.array([80.0, 0]), down=np.array([0, 110.0]), unit=100.0)

    assert enhance_face(picture(), oval, GRAIN) is picture()
