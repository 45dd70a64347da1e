"""Voices made from recordings: Festival's diphones, units and HTS models, and Flite's clustergen models."""

import re
import subprocess
import wave
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from engines.articulate.phones import phones_of_arpabet, phones_of_ipa
from scripts.training.utterance import Utterance, split_evenly

#: Festival's voices whose licence allows any use of what they speak; English unless the name says ru.
FESTIVAL_VOICES = ("cmu_us_slt_arctic_hts", "ked_diphone", "kal_diphone", "msu_ru_nsh_clunits")
RUSSIAN_VOICE = "msu_ru_nsh_clunits"
#: Flite's voices; kal16 is made of diphones, the others of statistics of a speaker.
FLITE_VOICES = ("slt", "rms", "awb", "kal16")

_RUSSIAN = {
    "ii": "i", "yy": "ɨ", "uu": "u", "ee": "ɛ", "oo": "o", "aa": "ɑ", "a": "ʌ", "e": "ɪ", "i": "ɪ", "y": "ɨ",
    "u": "ʊ", "ae": "ə", "ay": "ə", "ur": "ʊ", "c": "ts", "ch": "tʃ", "sh": "ʃ", "sch": "ʃ", "zh": "ʒ",
    "h": "x", "hh": "x", "j": "j", "g": "ɡ", "gg": "ɡ",
}  # fmt: skip
_SPEAKER = """
(define (show segment) (format t "%s %f\\n" (item.name segment) (item.feat segment "end")))
(define (say text file)
  (let ((utt (utt.synth (eval (list 'Utterance 'Text text)))))
    (format t "SPOKEN\\n")
    (mapcar show (utt.relation.items utt 'Segment))
    (utt.save.wave utt file 'riff)))
"""
_LIMIT_S = 120


def require_festival_voices() -> None:
    """Make sure that every one of `FESTIVAL_VOICES` can be had: without one, other speech would be synthesised.

    Raises:
        FileNotFoundError: when one is not installed, or Festival is not.
    """
    for voice in FESTIVAL_VOICES:
        command = ("festival", "-b", f"(voice_{voice})")
        if subprocess.run(command, capture_output=True, check=False).returncode:  # nosec B603 # voices are named here
            raise FileNotFoundError(f"Festival has no voice {voice}: install the packages that docs/training.md names")


def speak_festival(texts: Sequence[str], voice: str, stretch: float) -> Iterator[Utterance]:
    """Speak sentences with one of `FESTIVAL_VOICES`, `stretch` times as slow; a sentence it fails on is left out."""
    with TemporaryDirectory() as folder:
        files = [Path(folder) / f"{index}.wav" for index in range(len(texts))]
        orders = [f"(voice_{voice})", f"(Parameter.set 'Duration_Stretch {stretch:.2f})"]
        orders += [f'(say "{_plain(text)}" "{file}")' for text, file in zip(texts, files, strict=True)]
        script = Path(folder) / "orders.scm"
        script.write_text(_SPEAKER + "\n".join(orders), encoding="utf-8")
        listing = _output("festival", "-b", str(script))
        for file, spoken in zip(files, listing.split("SPOKEN\n")[1:], strict=False):
            if file.exists():
                ends = [(name, float(end)) for name, end in re.findall(r"^(\S+) ([\d.]+)$", spoken, re.M)]
                yield _utterance(file, ends, voice == RUSSIAN_VOICE)


def speak_flite(text: str, voice: str, stretch: float, pitch_hz: float) -> Utterance | None:
    """Speak a sentence with one of `FLITE_VOICES`, `stretch` times as slow; None when nothing came out."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "spoken.wav"
        settings = [f"duration_stretch={stretch:.2f}", f"int_f0_target_mean={pitch_hz:.0f}"]
        flags = [part for setting in settings for part in ("--setf", setting)]
        listing = _output("flite", "-voice", voice, *flags, "-psdur", "-t", _plain(text), "-o", str(file))
        ends = [(name, float(end)) for name, end in re.findall(r"([a-z]+):([\d.]+)", listing)]
        return _utterance(file, ends, russian=False) if ends and file.exists() else None


def _plain(text: str) -> str:
    return re.sub(r"[\"\\]", " ", text)


def _output(*command: str) -> str:
    done = subprocess.run(  # nosec B603 # a program named here, without a shell
        command, capture_output=True, text=True, timeout=_LIMIT_S, check=False, errors="ignore"
    )
    return done.stdout


def _utterance(file: Path, ends: Sequence[tuple[str, float]], russian: bool) -> Utterance:
    with wave.open(str(file)) as reader:
        samples = np.frombuffer(reader.readframes(reader.getnframes()), np.int16)
        rate = reader.getframerate()
    spans = pairwise([("", 0.0), *ends])
    phones = [
        part
        for (_, start), (name, stop) in spans
        for part in split_evenly(_russian_phones(name) if russian else phones_of_arpabet(name), start, stop)
    ]
    return Utterance(samples=(samples / 32768).astype(np.float32), rate=rate, phones=tuple(phones))


def _russian_phones(name: str) -> tuple[int, ...]:
    softless = name[: len(name) // 2] if len(name) == 2 and name[0] == name[1] else name
    return () if name == "pau" else phones_of_ipa(_RUSSIAN.get(name, softless))
