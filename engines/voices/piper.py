"""Piper voices: VITS networks as ONNX files that the operator puts into a folder.

Kim et al. 2021, "Conditional Variational Autoencoder with Adversarial Learning for End-to-End Text-to-Speech".
"""

import json
import logging
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from contracts.errors import EngineFault, WeightsMissing
from engines.base import Report, TimedPhone
from engines.voices.base import Spoken
from engines.voices.espeak import Espeak
from engines.voices.network import NetworkFault, open_session, run, with_output
from engines.voices.sentences import Utterance, spoken_by_sentence

logger = logging.getLogger(__name__)

Ids = Mapping[str, Sequence[int]]

_PAD, _BEGIN, _END = "_", "^", "$"
#: The inner result of Piper's exports that holds the frames of each number, and the samples that a frame stands for.
_FRAMES = "/Ceil_output_0"
_FRAME_SAMPLES = 256
#: Symbols that are no sound of their own, whose time is the sound's before them; and pauses.
_MARKS = frozenset(" ˈˌːʰʲ̩̯̪̃͡")
#: But stress is marked ahead of its vowel, which is heard where the mark begins: 8 ms off, over 24 vowels.
_STRESS = frozenset("ˈˌ")
_PAUSES = frozenset(";:,.!?—…\"'()¡¿«»“”-")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Config:
    """What a voice's ".onnx.json" says."""

    rate: int
    ids: Ids
    reads_letters: bool
    espeak_voice: str
    scales: tuple[float, float, float]
    has_speakers: bool


class PiperSpeaker:
    """A Piper voice.

    Args:
        model: the ".onnx" file; its configuration lies beside it as ".onnx.json".
        threads: CPU threads of one utterance.
        espeak: the program that gives phonemes to voices that read them.

    Raises:
        WeightsMissing: when the files are gone or not those of a voice.
    """

    def __init__(self, model: Path, threads: int, espeak: str = "espeak-ng") -> None:
        try:
            self._config = _config(json.loads(model.with_name(model.name + ".json").read_text(encoding="utf-8")))
            self._session = _open(model.read_bytes(), threads)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, NetworkFault) as fault:
            raise WeightsMissing(f"the voice {model.stem} is damaged, or of a kind that is not supported") from fault
        self._espeak = Espeak(voice=self._config.espeak_voice, program=espeak)

    def speak(self, text: str, report: Report, longest_s: float = math.inf) -> Spoken:
        """Speak sentence by sentence; phones are given when the voice tells how long its symbols are.

        Raises:
            MediaTooLong: when the speech would be longer than `longest_s`; its field is "script".
            UnreadableMedia: when nothing in the text can be spoken; its field is "script".
            WeightsMissing: when the program that gives phonemes is not installed.
            EngineFault: when the voice fails.
        """

        def utter(sentence: str, done: float) -> list[Utterance]:
            symbols = self._symbols(sentence)
            return [self._utter(symbols, report, done)] if symbols else []

        return spoken_by_sentence(text, self._config.rate, utter, report, longest_s)

    def _symbols(self, sentence: str) -> list[str]:
        spelled = sentence if self._config.reads_letters else self._espeak.phonemes(sentence)
        return [symbol for symbol in unicodedata.normalize("NFD", spelled) if symbol in self._config.ids]

    def _utter(self, symbols: Sequence[str], report: Report, done: float) -> Utterance:
        numbers = [self._numbers(symbol) for symbol in (_BEGIN, *symbols, _END)]
        ids = [number for group in numbers for number in group]
        feeds: dict[str, NDArray[np.generic]] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(self._config.scales, np.float32),
        }
        if self._config.has_speakers:
            feeds["sid"] = np.zeros(1, np.int64)
        try:
            results = run(self._session, [output.name for output in self._session.get_outputs()], feeds, report, done)
        except NetworkFault as fault:
            raise EngineFault("the voice cannot speak this text") from fault
        samples = np.clip(results[0].reshape(-1).astype(np.float32), -1.0, 1.0)
        frames = results[1].reshape(-1).astype(np.float64) if len(results) > 1 else np.zeros(0)
        if len(frames) != len(ids):
            return Utterance(samples=samples, phones=())
        seconds = np.add.reduceat(frames, np.cumsum([0, *map(len, numbers[:-1])])) * _FRAME_SAMPLES / self._config.rate
        return Utterance(samples=samples, phones=_phones(symbols, seconds))

    def _numbers(self, symbol: str) -> list[int]:
        pad = () if symbol == _END else self._config.ids.get(_PAD, ())
        return [*self._config.ids[symbol], *pad]


def _config(said: Mapping[str, Mapping[str, object]]) -> _Config:
    """Read a configuration.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: when it is not a voice's.
    """
    kind = str(said.get("phoneme_type", "espeak"))
    if kind not in ("espeak", "text"):
        raise ValueError(f"voices that read {kind!r} are not supported")
    tuning = said.get("inference", {})
    scales = tuple(float(str(tuning.get(key, value))) for key, value in _SCALES.items())
    ids = {str(symbol): [int(number) for number in numbers] for symbol, numbers in said["phoneme_id_map"].items()}  # type: ignore[attr-defined]
    return _Config(
        rate=int(str(said["audio"]["sample_rate"])),
        ids=ids | {symbol: ids.get(symbol, []) for symbol in (_BEGIN, _END)},
        reads_letters=kind == "text",
        espeak_voice="" if kind == "text" else str(said["espeak"]["voice"]),
        scales=(scales[0], scales[1], scales[2]),
        has_speakers=int(str(said.get("num_speakers", 1))) > 1,
    )


#: Randomness of the sound, length, and randomness of the lengths: names in the configuration, and Piper's own values.
_SCALES = {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8}


def _open(network: bytes, threads: int) -> ort.InferenceSession:
    """Load a voice, with the lengths of its symbols if it is an export that has them."""
    if _FRAMES.encode() in network:
        try:
            return open_session(with_output(network, _FRAMES), threads)
        except NetworkFault:
            logger.warning("voice_without_timings")
    return open_session(network, threads)


def _phones(symbols: Sequence[str], seconds: NDArray[np.float64]) -> tuple[TimedPhone, ...]:
    """Phones of symbols; `seconds` has one more at each end, for the beginning and the end."""
    edges = np.cumsum(seconds)
    for place, symbol in enumerate(symbols):
        if symbol in _STRESS:
            edges[place + 1] = edges[place]
    phones: list[TimedPhone] = []
    is_open = False
    for symbol, (start, end) in zip(symbols, pairwise(edges.tolist()), strict=False):
        if symbol in _PAUSES:
            is_open = False
        elif symbol not in _MARKS:
            phones.append(TimedPhone(symbol=symbol, start_s=start, end_s=end))
            is_open = True
        elif is_open:
            phones[-1] = TimedPhone(symbol=phones[-1].symbol, start_s=phones[-1].start_s, end_s=end)
    return tuple(phones)
