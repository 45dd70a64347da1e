"""The judgement as files: numbers as JSON, and a table for people."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

import numpy as np

from scripts.quality.judge import Judged
from scripts.quality.lips import Lips
from scripts.quality.scores import Driver, means
from scripts.quality.targets import Target, pooled_closures, targets
from scripts.table import lines

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | float | int | None"

_COLUMNS = {
    "opening": "r open",
    "width": "r width",
    "other_opening": "r open*",
    "other_width": "r width*",
    "closure": "AUC",
    "peak_ms": "peak ms",
    "rest": "rest",
    "jitter": "jitter",
    "flicker": "flicker",
    "lips_sharp": "sharp lips",
    "inside_sharp": "sharp inside",
    "skin_pct": "skin %",
    "changed_outside": "outside px",
    "follows": "follows",
}
_WHOLE = frozenset({"peak_ms", "changed_outside"})


def table(judged: Sequence[Judged]) -> list[str]:
    """A row for each clip and driver, then each driver's mean and standard deviation over the clips that count."""
    rows = [
        (each.clip.label, each.clip.tier.value, driver.value, *_cells(asdict(each.scores[driver])))
        for each in judged
        for driver in Driver
        if driver in each.scores
    ]
    for driver, spread in _spreads(judged).items():
        count = f"{max(int(column['clips']) for column in spread.values())} clips"
        rows.append(
            ("mean", count, driver.value, *_cells({name: of.get("mean", math.nan) for name, of in spread.items()}))
        )
        rows.append(
            ("spread", "sd", driver.value, *_cells({name: of.get("sd", math.nan) for name, of in spread.items()}))
        )
    return lines(("clip", "tier", "driver", *_COLUMNS.values()), rows)


def document(judged: Sequence[Judged], left_out: Mapping[str, str], notes: Sequence[str]) -> str:
    """Everything that was measured, as JSON.

    Args:
        judged: the clips.
        left_out: clips that could not be judged, and why.
        notes: what this run did not do.
    """
    content: Json = {
        "notes": list(notes),
        "left_out": dict(left_out),
        "means": {driver.value: spread for driver, spread in _spreads(judged).items()},
        "targets": [asdict(target) | {"met": target.met} for target in targets(judged)],
        "pooled_closure_by_ms": {driver.value: _pooled(judged, driver) for driver in Driver},
        "clips": {each.clip.label: _clip(each) for each in judged},
    }
    return json.dumps(_finite(content), indent=1) + "\n"


def verdicts(judged: Sequence[Judged]) -> list[str]:
    """A row for each target: what was reached, what is asked, whether it is met."""
    rows = [
        (
            target.what,
            _cell("", target.reached),
            _cell("", target.spread),
            _asked(target),
            "met" if target.met else "NOT MET",
        )
        for target in targets(judged)
    ]
    return lines(("target", "reached", "sd", "asked", ""), rows)


def write(path: Path, text: str) -> None:
    """Write a text file."""
    path.write_text(text, encoding="utf-8")


def _spreads(judged: Sequence[Judged]) -> dict[Driver, dict[str, dict[str, float]]]:
    counted = [each for each in judged if each.clip.tier.counts]
    rows = {driver: [each.scores[driver] for each in counted if driver in each.scores] for driver in Driver}
    return {driver: means(scores) for driver, scores in rows.items() if scores}


def _clip(each: Judged) -> dict[str, Json]:
    clip = each.clip
    return {
        "late_ms": clip.late_ms,
        "tier": clip.tier.value,
        "language": clip.language,
        "fps": each.fps,
        "frames": each.frames,
        "scored_frames": each.heard,
        "failures": dict(each.failures),
        "delivery": asdict(each.delivery),
        "scores": {driver.value: asdict(scores) for driver, scores in each.scores.items()},
        "tracks": {"real": _track(each.real)} | {driver.value: _track(lips) for driver, lips in each.lips.items()},
    }


def _track(lips: Lips) -> dict[str, Json]:
    columns = {"gap": lips.gap, "width": lips.width}
    return {name: np.where(lips.seen, column, np.nan).round(4).tolist() for name, column in columns.items()}


def _pooled(judged: Sequence[Judged], driver: Driver) -> dict[str, Json]:
    counted = [each for each in judged if each.clip.tier.counts]
    return {str(ms): value for ms, value in pooled_closures(counted, driver).items()}


def _asked(target: Target) -> str:
    bounds = ((">=", target.least), ("<=", target.most))
    return " ".join(f"{sign} {bound:g}" for sign, bound in bounds if math.isfinite(bound))


def _cells(values: Mapping[str, float]) -> list[str]:
    return [_cell(name, values[name]) for name in _COLUMNS]


def _cell(name: str, value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if name in _WHOLE else f"{value:.2f}"


def _finite(content: Json) -> Json:
    """JSON knows no numbers that are none."""
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, Mapping):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [_finite(value) for value in content]
    return content
