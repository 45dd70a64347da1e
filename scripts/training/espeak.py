"""Formant synthesis in many languages by eSpeak NG, through its C library (speak_lib.h)."""

import ctypes
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engines.articulate.phones import phones_of_ipa
from scripts.training.utterance import Utterance, split_evenly

# Numbers of speak_lib.h.
_SYNCHRONOUS = 2
_PHONEME_EVENTS_IN_IPA = 1 | 2
_EVENT_END, _EVENT_PHONEME = 0, 7
_RATE, _PITCH, _PITCH_RANGE = 1, 3, 4
_UTF8 = 1

#: Voices that alter the speaker, and not the speech.
VARIANTS = (
    "", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "klatt", "klatt2", "klatt3",
    "klatt4", "adam", "Alex", "Alicia", "Andrea", "Andy", "Annie", "anika", "antonio", "aunty", "belinda", "benjamin",
    "boris", "caleb", "david", "Denis", "Diogo", "ed", "edward", "edward2", "Gene", "Gene2", "grandma", "grandpa",
    "gustave", "Henrique", "hugo", "iven", "iven2", "iven3", "john", "kaukovalta", "Lee", "linda", "Marco", "Mario",
    "max", "Michael", "michel", "miguel", "Mike", "Mr", "Nguyen", "pablo", "paul", "pedro", "quincy", "rob",
    "robert", "sandro", "shelby", "steph", "steph2", "Storm", "travis", "victor", "whisperf", "zac",
)  # fmt: skip


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """Words per minute, pitch and its range, as eSpeak counts them."""

    rate: int
    pitch: int
    pitch_range: int


class _Espeak:
    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self.rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS_IN_IPA))
        self._blocks: list[NDArray[np.int16]] = []
        self._events: list[tuple[float, str]] = []
        self._callback = _CALLBACK(self._receive)
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(
        self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]"
    ) -> int:
        if samples and count > 0:
            self._blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != _EVENT_END:
            if events[index].type == _EVENT_PHONEME:
                symbol = bytes(events[index].id.string).split(b"\0")[0].decode("utf-8", "ignore")
                self._events.append((events[index].audio_position / 1000, symbol))
            index += 1
        return 0

    def speak(self, text: str, voice: str, manner: Manner) -> tuple[NDArray[np.int16], list[tuple[float, str]]]:
        self._blocks, self._events = [], []
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"eSpeak has no voice {voice!r}")
        for parameter, value in (
            (_RATE, manner.rate),
            (_PITCH, manner.pitch),
            (_PITCH_RANGE, manner.pitch_range),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)
        encoded = text.encode()
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        return np.concatenate([np.zeros(0, np.int16), *self._blocks]), self._events


_library = cache(_Espeak)


def speak(text: str, voice: str, manner: Manner) -> Utterance:
    """Speak a sentence.

    Args:
        text: what to say, in the voice's language; Mandarin as pinyin with tone digits.
        voice: name of a voice, "+" a variant: "de+f2". British and French are "gmw/en" and "roa/fr".
        manner: how fast, high and lively.

    Raises:
        ValueError: when there is no such voice.
    """
    samples, events = _library().speak(text, voice, manner)
    end = len(samples) / _library().rate
    spans = pairwise([*events, (end, "")])
    phones = [
        part
        for (start, symbol), (stop, _) in spans
        for part in split_evenly(phones_of_ipa(symbol), start, min(stop, end))
    ]
    return Utterance(samples=(samples / 32768).astype(np.float32), rate=_library().rate, phones=tuple(phones))
