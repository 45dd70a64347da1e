"""The network of the first voice: hibari (Apache-2.0), taught by Kokoro-82M to speak with one voice, 70 times as fast.

It takes Kokoro's symbols and gives the spectrum of the sound; the package's own arithmetic makes samples of it.
"""

from functools import cache
from importlib import resources

import numpy as np
from hibari.dsp import synth
from numpy.typing import NDArray

from contracts.errors import WeightsMissing
from engines.base import Report
from engines.voices.network import open_session, run, with_output
from engines.voices.symbols import REMEDY, numbers

_DURATIONS = "/Clip_output_0"
#: What the spectrum is made of, in the order in which the arithmetic takes it.
_SPECTRUM = ("lh", "theta", "ln", "lr", "phi", "f0")


class Hibari:
    """The network, loaded; several threads may use it at once.

    Args:
        threads: CPU threads of one utterance.

    Raises:
        WeightsMissing: when it is not installed.
    """

    def __init__(self, threads: int) -> None:
        try:
            network = resources.files("hibari").joinpath("assets/hibari.onnx").read_bytes()
        except OSError as fault:
            raise WeightsMissing("the network of the first voice is not installed", remedy=REMEDY) from fault
        self._session = open_session(with_output(network, _DURATIONS), threads)

    def utter(self, phonemes: str, report: Report, fraction: float) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Speak phonemes at once; the same ones sound the same each time.

        Returns:
            As `engines.voices.kokoro.KokoroVoice.utter`.
        """
        feeds: dict[str, NDArray[np.generic]] = {"ids": numbers(phonemes), "speed": np.ones(1, np.float32)}
        *spectrum, durations = run(self._session, (*_SPECTRUM, _DURATIONS), feeds, report, fraction)
        samples: NDArray[np.float32] = synth(*(part[0] for part in spectrum), np.random.default_rng(len(phonemes)))
        return samples, durations.reshape(-1).astype(np.int64)


@cache
def hibari(threads: int) -> Hibari:
    """The network, loaded at the first call and kept.

    Raises:
        WeightsMissing: when it is not installed.
    """
    return Hibari(threads)
