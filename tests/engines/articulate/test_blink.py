import numpy as np
import pytest
from numpy.typing import NDArray

from engines.articulate.blink import lid_track, phrase_ends

pytestmark = pytest.mark.unit

FPS = 25.0
SILENCE = np.zeros(25 * 600, np.float32)


def _starts(lids: NDArray[np.float32], fps: float) -> NDArray[np.float64]:
    closed = lids > 0.5
    return np.asarray((np.flatnonzero(closed[1:] & ~closed[:-1]) + 1) / fps)


def _lids(seed: int, frames: int = len(SILENCE), fps: float = FPS, speaker: int = 0) -> NDArray[np.float32]:
    return lid_track(seed, speaker, frames, fps, np.zeros(frames, np.float32))


def test_people_blink_every_few_seconds() -> None:
    between_s = np.concatenate([np.diff(_starts(_lids(seed), FPS)) for seed in range(5)])

    assert between_s.min() > 1.9
    assert between_s.max() < 6.1
    assert 3.0 < np.median(between_s) < 3.7
    assert between_s.std() > 0.5


@pytest.mark.parametrize("fps", [12.0, 25.0, 29.97, 60.0])
def test_every_blink_shuts_the_eyes_and_is_short(fps: float) -> None:
    lids = _lids(3, int(120 * fps), fps)
    open_before = np.flatnonzero((lids[:-1] == 0) & (lids[1:] > 0))
    open_after = np.flatnonzero((lids[:-1] > 0) & (lids[1:] == 0))

    for start, end in zip(open_before, open_after, strict=False):
        assert lids[start : end + 1].max() > 0.98
        assert 0.1 < (end - start) / fps < 0.4 + 2 / fps


def test_lids_fall_faster_than_they_rise() -> None:
    lids = _lids(1, 60 * 200, 200.0)
    speed = np.diff(lids)

    assert speed.max() > 1.4 * -speed.min()


def test_the_seed_and_the_speaker_decide() -> None:
    assert np.array_equal(_lids(7), _lids(7))
    assert not np.array_equal(_lids(7), _lids(8))
    assert not np.array_equal(_lids(7), _lids(-7))
    assert not np.array_equal(_lids(7), _lids(7, speaker=1))


def test_a_longer_film_begins_as_a_shorter_one() -> None:
    assert np.array_equal(_lids(7)[:1000], _lids(7, 1000))


def test_blinks_gather_at_the_ends_of_phrases() -> None:
    speaking = (np.arange(len(SILENCE)) % 75 < 55).astype(np.float32)
    ends = phrase_ends(speaking, FPS)
    starts = np.concatenate([_starts(lid_track(seed, 0, len(SILENCE), FPS, speaking), FPS) for seed in range(3)])
    nearest = np.abs(starts[:, None] - ends[None]).min(1)

    assert ends[:2].tolist() == [2.2, 5.2]
    assert (nearest < 0.2).mean() > 0.3
    assert np.diff(np.sort(_starts(lid_track(0, 0, len(SILENCE), FPS, speaking), FPS))).min() > 1.9
