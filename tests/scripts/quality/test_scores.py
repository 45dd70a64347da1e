"""Scoring a driven mouth against a real one, both made up."""

from dataclasses import asdict

import numpy as np
import pytest

from engines.people.faces import Landmarks
from scripts.quality.pixels import Look
from scripts.quality.scores import Real, Scores, means, score
from scripts.quality.takes import Take

pytestmark = pytest.mark.unit

FRAMES = 200
GAPS = 0.08 * np.abs(np.sin(0.5 * np.arange(FRAMES))) * (1.2 + np.sin(0.04 * np.arange(FRAMES)))


def _face(gap: float) -> Landmarks:
    """A face of 100 pixels between the eyes whose lips are apart by `gap` of that."""
    face = np.zeros((468, 2), np.float32)
    face[33], face[263] = (50, 50), (150, 50)
    face[61], face[291] = (80, 120), (120 + 10 * gap, 120)
    for upper, lower in ((82, 87), (13, 14), (312, 317)):
        face[upper], face[lower] = (100, 115), (100, 115 + 100 * gap)
    return face


def _take(gaps: np.ndarray, *, sharp: float = 10.0) -> Take:
    patch = np.zeros((4, 4), np.float32)
    looks = [Look(lips=sharp, inside=sharp, skin=np.zeros(3), patch=patch + 100 * gap**2) for gap in gaps]
    return Take(faces=[_face(gap) for gap in gaps], looks=list(looks))


@pytest.fixture(scope="module")
def real() -> Real:
    rest = np.full(FRAMES, 0.03)
    silent = np.arange(FRAMES) < 20
    return Real(first=_take(rest), later=_take(GAPS), silent=silent, heard=FRAMES, fps=25.0)


def test_the_real_mouth_itself_scores_full_marks(real: Real) -> None:
    scores = score(_take(GAPS), real)

    assert scores.opening == pytest.approx(1)
    assert scores.width == pytest.approx(1)
    assert scores.closure == 1
    assert scores.peak_ms == 0


def test_the_untouched_source_trembles_as_much_as_the_real_mouth(real: Real) -> None:
    whole = Real(first=_take(0.5 * GAPS), later=_take(GAPS), silent=real.silent, heard=FRAMES, fps=25.0)
    both = [score(take, whole) for take in (whole.first, whole.later)]

    assert both[0].jitter < 1 < both[1].jitter
    assert np.mean([scores.jitter for scores in both]) == pytest.approx(1)
    assert np.mean([scores.flicker for scores in both]) == pytest.approx(1)


def test_a_frozen_mouth_scores_nothing(real: Real) -> None:
    scores = score(_take(np.full(FRAMES, 0.05)), real)

    assert scores.opening == scores.width == 0
    assert scores.closure == 0.5
    assert scores.jitter == pytest.approx(0, abs=1e-3)


def test_a_mouth_one_frame_late_is_told_so_and_scored_where_it_is(real: Real) -> None:
    scores = score(_take(np.roll(GAPS, 1)), real)

    assert scores.peak_ms == 40
    assert 0.5 < scores.opening < 0.95


def test_frames_without_sound_are_not_scored(real: Real) -> None:
    half = Real(first=real.first, later=real.later, silent=real.silent, heard=FRAMES // 2, fps=25.0)
    spoilt = np.concatenate([GAPS[: FRAMES // 2], np.zeros(FRAMES // 2)])

    assert score(_take(spoilt), half).opening == pytest.approx(1)


def test_frames_without_a_face_are_not_scored(real: Real) -> None:
    take = _take(GAPS)
    take.faces[50] = take.looks[50] = None

    assert score(take, real).opening == pytest.approx(1)


def test_sharpness_is_told_against_the_sources_own(real: Real) -> None:
    assert score(_take(GAPS, sharp=5.0), real).lips_sharp == pytest.approx(0.5)


def test_means_leave_out_what_could_not_be_measured(real: Real) -> None:
    rows = [score(_take(GAPS), real), score(_take(np.full(FRAMES, 0.05)), real)]

    spread = means(rows)

    assert spread["opening"] == pytest.approx({"clips": 2, "mean": 0.5, "sd": 0.5, "least": 0, "most": 1})
    assert spread["follows"] == {"clips": 0}
    assert set(spread) == set(asdict(rows[0])) == set(Scores.__slots__)
