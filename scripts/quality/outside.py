"""Second opinions from programs whose packages do not fit into this environment: each runs in one of its own."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.base import TimedPhone
from scripts.quality.lips import Lips

_HERE = Path(__file__).parent
_MOST_S = 1800


class OutsideFailed(Exception):
    """Such a program gave no answer; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Interpreters of other environments.

    Attributes:
        words: one that has pocketsphinx, None for none.
        mediapipe: one that has mediapipe 0.10.21, None for none.
    """

    words: Path | None = None
    mediapipe: Path | None = None


def recognised_phones(python: Path, voice: Path) -> list[TimedPhone]:
    """What pocketsphinx makes of a voice (WAV, 16 kHz, mono, 16 bit): English words, aligned phone by phone.

    Raises:
        OutsideFailed: when it recognises nothing or cannot run.
    """
    found = _run(python, "sphinx_words.py", voice)
    phones = [TimedPhone(symbol=str(symbol), start_s=float(start), end_s=float(end)) for symbol, start, end in found]
    if not phones:
        raise OutsideFailed("no words were recognised")
    return phones


def other_lips(python: Path, video: Path) -> Lips:
    """The lips in a video as mediapipe sees them.

    Raises:
        OutsideFailed: when it cannot run.
    """
    gap, width = np.array(_run(python, "mediapipe_lips.py", video), np.float64).reshape(-1, 2).T
    return Lips(gap=np.nan_to_num(gap), width=np.nan_to_num(width), seen=np.isfinite(gap))


def _run(python: Path, script: str, argument: Path) -> Sequence[Sequence[str | float]]:
    command = [str(python), str(_HERE / script), str(argument)]
    try:
        done = subprocess.run(  # nosec B603 # the command that its user names, without a shell
            command, check=True, capture_output=True, text=True, timeout=_MOST_S
        )
        answer: list[list[str | float]] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines()
        raise OutsideFailed(f"{script} ended with {error.returncode}: {said[-1] if said else 'no message'}") from error
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise OutsideFailed(f"{script} gave no answer: {error!r}") from error
    return answer
