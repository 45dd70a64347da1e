"""What a voice is to the steps that use it."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engines.base import Report, TimedPhone


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Speech.

    Attributes:
        samples: float32 mono (N,) in [-1, 1].
        rate: samples per second.
        phones: what is said when, in order and without overlap; () when the voice does not know.
    """

    samples: NDArray[np.float32]
    rate: int
    phones: tuple[TimedPhone, ...]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


class Speaker(Protocol):
    """One voice, loaded."""

    def speak(self, text: str, report: Report, longest_s: float = math.inf) -> Spoken:
        """Speak a text of any length and any characters; those that it cannot read are passed over.

        Args:
            text: plain text: markup in it is read as text.
            report: progress and cancellation.
            longest_s: what is longer is given up as soon as that is known.

        Raises:
            MediaTooLong: when the speech would be longer; its field is "script".
            UnreadableMedia: when nothing in the text can be spoken; its field is "script".
        """
        ...
