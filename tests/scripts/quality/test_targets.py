"""Comparing clips' scores with what is asked."""

from pathlib import Path

import numpy as np
import pytest

from scripts.quality.clips import Clip, Tier
from scripts.quality.deliver import Delivery
from scripts.quality.judge import Judged
from scripts.quality.lips import Lips
from scripts.quality.report import document, table, verdicts
from scripts.quality.scores import Driver, Scores
from scripts.quality.takes import Place
from scripts.quality.targets import Target, pooled_closures, targets

pytestmark = pytest.mark.unit

FRAMES = 200
GAPS = 0.08 * np.abs(np.sin(0.5 * np.arange(FRAMES))) * (1.2 + np.sin(0.04 * np.arange(FRAMES)))


def _lips(gap: np.ndarray) -> Lips:
    return Lips(gap=gap, width=np.ones(FRAMES), seen=np.ones(FRAMES, bool))


def _scores(opening: float) -> Scores:
    return Scores(
        opening=opening,
        width=0.5,
        closure=0.9,
        peak_ms=0.0,
        rest=float("nan"),
        jitter=1.0,
        flicker=1.0,
        lips_sharp=1.0,
        inside_sharp=1.0,
        skin_pct=0.1,
        changed_outside=0.0,
    )


def _judged(audio: float, energy: float, *, driven: np.ndarray = GAPS, tier: Tier = Tier.CLEAR) -> Judged:
    place = Place(middle=(0.0, 0.0), side=1.0)
    return Judged(
        clip=Clip(path=Path(f"{tier.name}.mp4"), tier=tier),
        fps=25.0,
        frames=FRAMES,
        heard=FRAMES,
        real=_lips(GAPS),
        delivery=Delivery(frames=FRAMES, frames_due=FRAMES, starts_s=0.0, sound_late_ms=0.0, colour_pct=0.2),
        first_place=place,
        later_place=place,
        lips={Driver.AUDIO: _lips(driven)},
        scores={Driver.AUDIO: _scores(audio), Driver.ENERGY: _scores(energy)},
    )


def _by_name(judged: list[Judged]) -> dict[str, Target]:
    return {target.what: target for target in targets(judged)}


def test_the_lead_over_loudness_is_taken_clip_by_clip() -> None:
    found = _by_name([_judged(0.8, 0.2), _judged(0.4, 0.5)])

    assert found["audio over energy: r opening, mean"].reached == pytest.approx(0.25)
    assert found["audio over energy: r opening, worst clip"].reached == pytest.approx(-0.1)
    assert not found["audio over energy: r opening, worst clip"].met


def test_clips_of_weak_tiers_do_not_count() -> None:
    found = _by_name([_judged(0.8, 0.2), _judged(0.0, 0.9, tier=Tier.WEAK)])

    assert found["audio: r opening"].reached == pytest.approx(0.8)


def test_what_was_not_measured_is_not_met() -> None:
    found = _by_name([_judged(0.8, 0.2)])

    assert not found["words: r opening, English"].met
    assert not found["audio: opening in silence"].met


def test_without_clips_nothing_is_met() -> None:
    assert not any(target.met for target in targets([]))


def test_pooled_closures_peak_where_the_lips_are_late() -> None:
    late = pooled_closures([_judged(1, 0, driven=np.roll(GAPS, 1))], Driver.AUDIO)

    assert max(late, key=late.__getitem__) == 40
    assert late[40] == pytest.approx(1, abs=0.01)


def test_pooled_closures_do_not_mind_that_one_mouth_opens_wider() -> None:
    assert pooled_closures([_judged(1, 0), _judged(1, 0, driven=10 * GAPS)], Driver.AUDIO)[0] == 1


def test_the_table_has_rows_for_clips_and_means_and_verdicts() -> None:
    judged = [_judged(0.8, 0.2)]

    assert [row.split()[0] for row in table(judged)] == ["clip", "CLEAR", "CLEAR", "mean", "spread", "mean", "spread"]
    assert any(row.startswith("audio: r opening") and row.endswith("met") for row in verdicts(judged))


def test_the_document_is_valid_json_without_numbers_that_are_none() -> None:
    text = document([_judged(0.8, 0.2)], {"other": "no sound"}, ["words: not run"])

    assert "NaN" not in text
    assert "Infinity" not in text
    assert '"other": "no sound"' in text
