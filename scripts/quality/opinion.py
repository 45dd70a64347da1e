"""The scores once more, by a detector of landmarks that the engine does not use."""

from dataclasses import replace
from pathlib import Path

from contracts.jobs import Side
from scripts.quality.judge import REAL, Judged
from scripts.quality.lips import Lips
from scripts.quality.measures import correlation
from scripts.quality.outside import OutsideFailed, other_lips
from scripts.quality.scores import Scores, shared

_WHAT = "second opinion"


def second_opinion(judged: Judged, folder: Path, python: Path) -> Judged:
    """Add what mediapipe sees in a judged clip's videos, or why it saw nothing."""
    if judged.clip.side is not Side.ONLY:
        return _without(judged, "the clip shows two people, and mediapipe is not told which is meant")
    try:
        real = other_lips(python, folder / f"{REAL}.mp4")
        scores = {
            driver: _added(score, other_lips(python, folder / f"{driver}.mp4"), real, judged.heard)
            for driver, score in judged.scores.items()
        }
    except OutsideFailed as error:
        return _without(judged, str(error))
    return replace(judged, scores=scores)


def _added(scores: Scores, driven: Lips, real: Lips, heard: int) -> Scores:
    both = shared(driven, real, heard)
    return replace(
        scores,
        other_opening=correlation(driven.gap[both], real.gap[both]),
        other_width=correlation(driven.width[both], real.width[both]),
    )


def _without(judged: Judged, why: str) -> Judged:
    return replace(judged, failures=judged.failures | {_WHAT: why})
