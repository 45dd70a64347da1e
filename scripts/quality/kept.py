"""Judgements kept beside their videos, so that a run that was broken off goes on where it stopped."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.quality.clips import Clip
from scripts.quality.deliver import Delivery
from scripts.quality.judge import Judged
from scripts.quality.lips import Lips
from scripts.quality.outside import Outside
from scripts.quality.scores import Driver, Scores
from scripts.quality.takes import Place

_FILE = "judged.json"
_ROOT = Path(__file__).resolve().parents[2]
#: What a judgement depends on: all of the engine, its weights included, and the judge.
_CODE = ("engines", "contracts", "scripts/quality")


def kept_or(judge: Callable[[], Judged], clip: Clip, folder: Path, outside: Outside) -> Judged:
    """The judgement kept in a folder if it is of this clip, by this code with these interpreters; else a new one."""
    path, key = folder / _FILE, key_of(clip, outside)
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        if json.loads(text)["key"] == key:
            return _restored(text, clip)
    judged = judge()
    content = {"key": key} | asdict(judged) | {"clip": clip.label}
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(content, default=_plain), encoding="utf-8")
    unfinished.replace(path)
    return judged


def _plain(value: NDArray[np.generic]) -> list[float]:
    plain: list[float] = value.tolist()
    return plain


def _restored(text: str, clip: Clip) -> Judged:
    kept = json.loads(text)
    return Judged(
        clip=clip,
        fps=kept["fps"],
        frames=kept["frames"],
        heard=kept["heard"],
        real=_lips(kept["real"]),
        delivery=Delivery(**kept["delivery"]),
        first_place=_place(**kept["first_place"]),
        later_place=_place(**kept["later_place"]),
        lips={Driver(name): _lips(tracks) for name, tracks in kept["lips"].items()},
        scores={Driver(name): Scores(**scores) for name, scores in kept["scores"].items()},
        failures=kept["failures"],
    )


def _lips(tracks: Mapping[str, Sequence[float]]) -> Lips:
    return Lips(
        gap=np.array(tracks["gap"], np.float64),
        width=np.array(tracks["width"], np.float64),
        seen=np.array(tracks["seen"], bool),
    )


def _place(middle: tuple[float, float], side: float) -> Place:
    x, y = middle
    return Place(middle=(x, y), side=side)


def key_of(clip: Clip, outside: Outside) -> str:
    """Tells judgements apart that may differ: another clip, another offset, other code, other comparators."""
    stat = clip.path.stat()
    about = {**asdict(clip), "outside": asdict(outside), "bytes": stat.st_size, "changed": stat.st_mtime_ns}
    return hashlib.sha256((json.dumps(about, default=str, sort_keys=True) + _code()).encode()).hexdigest()


@cache
def _code() -> str:
    digest = hashlib.sha256()
    files = (path for folder in _CODE for path in (_ROOT / folder).rglob("*") if path.is_file())
    for path in sorted(path for path in files if "__pycache__" not in path.parts):
        digest.update(str(path.relative_to(_ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
