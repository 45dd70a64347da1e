"""English words in a voice, and the phones in them, by pocketsphinx; run by an interpreter that has it.

The method of Rhubarb Lip Sync: words are recognised, then aligned with the sound phone by phone. It is done stretch by
stretch between pauses, for alignment fails on long ones.

usage: python sphinx_words.py VOICE.wav   (16 kHz, mono, 16 bit)
Prints a JSON list of [IPA symbol, start in s, end in s]; "" is silence.
"""

import json
import sys
import wave
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

_RATE = 16_000
_HOP = 160
_LONGEST_HOPS, _SHORTEST_HOPS = 1000, 300
#: Beams wide enough that noisy speech reaches the end of its alignment.
_BEAMS = {"beam": 1e-60, "wbeam": 1e-40, "pbeam": 1e-60}
_ARPABET = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "B": "b", "CH": "tʃ", "D": "d", "DH": "ð",
    "EH": "ɛ", "ER": "ɚ", "EY": "eɪ", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IY": "i", "JH": "dʒ", "K": "k",
    "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "oʊ", "OY": "ɔɪ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ",
    "T": "t", "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip


def main(path: str) -> None:
    """Print the phones of one file."""
    with wave.open(path) as sound:
        if (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) != (_RATE, 1, 2):
            sys.exit(f"{path} is not 16 kHz, mono, 16 bit")
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
    phones: list[tuple[str, float, float]] = []
    for start, end in _stretches(samples):
        phones += _phones(samples[start * _HOP : end * _HOP], start * _HOP / _RATE)
    sys.stdout.write(json.dumps(phones) + "\n")


def _stretches(samples: NDArray[np.int16]) -> Iterator[tuple[int, int]]:
    """Cut at the quietest moment of 3 to 10 s: pairs of hops."""
    hops = samples[: len(samples) // _HOP * _HOP].reshape(-1, _HOP).astype(np.float64)
    loud = np.convolve((hops**2).mean(1), np.ones(15) / 15, mode="same")
    start = 0
    while len(loud) - start > _LONGEST_HOPS:
        cut = start + _SHORTEST_HOPS + int(loud[start + _SHORTEST_HOPS : start + _LONGEST_HOPS].argmin())
        yield start, cut
        start = cut
    yield start, len(loud)


def _phones(samples: NDArray[np.int16], offset_s: float) -> list[tuple[str, float, float]]:
    decoder, sound = Decoder(samprate=_RATE, **_BEAMS), samples.tobytes()
    _decode(decoder, sound)
    found = decoder.hyp()
    if found is None or not found.hypstr.strip():
        return []
    decoder.set_align_text(found.hypstr)
    _decode(decoder, sound)
    decoder.set_alignment()
    _decode(decoder, sound)
    return [
        (_symbol(phone.name), offset_s + phone.start / 100, offset_s + (phone.start + phone.duration) / 100)
        for word in decoder.get_alignment()
        for phone in word
    ]


def _symbol(name: str) -> str:
    return _ARPABET.get(name.rstrip("0123456789"), "")


def _decode(decoder: Decoder, sound: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()


if __name__ == "__main__":
    main(sys.argv[1])
