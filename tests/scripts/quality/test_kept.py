"""Keeping judgements for the next run."""

from pathlib import Path

import numpy as np
import pytest

from scripts.quality.clips import Clip, Tier
from scripts.quality.deliver import Delivery
from scripts.quality.judge import Judged
from scripts.quality.kept import kept_or
from scripts.quality.lips import Lips, lips_of
from scripts.quality.outside import Outside
from scripts.quality.scores import Driver, Scores
from scripts.quality.takes import Place

pytestmark = pytest.mark.unit

PLACE = Place(middle=(0.0, 0.0), side=1.0)


class _Counting:
    """Judges, and counts how often."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.times = 0

    def __call__(self) -> Judged:
        self.times += 1
        lips: Lips = lips_of([None, None])
        return Judged(
            clip=self.clip,
            fps=25.0,
            frames=2,
            heard=2,
            real=lips,
            delivery=Delivery(frames=2, frames_due=2, starts_s=0.0, sound_late_ms=0.0, colour_pct=0.0),
            first_place=PLACE,
            later_place=PLACE,
            lips={Driver.AUDIO: Lips(gap=np.array([0.1, 0.2]), width=np.ones(2), seen=np.array([True, False]))},
            scores={Driver.AUDIO: Scores(**dict.fromkeys(Scores.__slots__, float("nan")))},
            failures={"words": "not English"},
        )


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"moving pictures")
    return Clip(path=path, tier=Tier.CLEAR)


def test_a_clip_is_judged_once(clip: Clip, tmp_path: Path) -> None:
    judge = _Counting(clip)
    first, again = (kept_or(judge, clip, tmp_path, Outside()) for _ in range(2))

    assert judge.times == 1
    assert again.clip == first.clip
    assert again.delivery == first.delivery
    assert again.first_place == PLACE
    assert again.failures == first.failures
    assert again.scores.keys() == {Driver.AUDIO}
    assert np.array_equal(again.lips[Driver.AUDIO].gap, first.lips[Driver.AUDIO].gap)
    assert again.lips[Driver.AUDIO].seen.tolist() == [True, False]


def test_another_offset_another_file_or_another_comparator_is_judged_anew(clip: Clip, tmp_path: Path) -> None:
    judge = _Counting(clip)
    kept_or(judge, clip, tmp_path, Outside())
    kept_or(judge, Clip(path=clip.path, tier=Tier.CLEAR, late_ms=40), tmp_path, Outside())
    kept_or(judge, clip, tmp_path, Outside(words=Path("python")))
    clip.path.write_bytes(b"other moving pictures")
    kept_or(judge, clip, tmp_path, Outside(words=Path("python")))

    assert judge.times == 4


def test_a_judgement_that_failed_is_not_kept(clip: Clip, tmp_path: Path) -> None:
    def fails() -> Judged:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        kept_or(fails, clip, tmp_path, Outside())
    judge = _Counting(clip)
    kept_or(judge, clip, tmp_path, Outside())

    assert judge.times == 1
