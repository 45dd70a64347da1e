"""Phonemes of many languages by eSpeak NG, for the Piper voices that read them.

eSpeak NG is under the GPL and no part of this project: where the operator has installed its program, it is run as a
process of its own.
"""

import re
import subprocess
from dataclasses import dataclass

from contracts.errors import EngineFault, WeightsMissing

#: Below what a step may take between two signs of life; a clause takes milliseconds.
_LIMIT_S = 20
_PUNCTUATION = re.compile(r"([,.;:!?…]+)")
#: Marks of a passage in another language: "(en)".
_LANGUAGE_MARK = re.compile(r"\([a-z-]+\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Espeak:
    """The program, speaking with one of its voices ("en-us")."""

    voice: str
    program: str = "espeak-ng"

    def phonemes(self, sentence: str) -> str:
        """The IPA of a sentence, its punctuation kept.

        Raises:
            WeightsMissing: when the program is not installed.
            EngineFault: when it does not know the voice, or fails.
        """
        parts = [part.strip() for part in _PUNCTUATION.split(sentence)]
        spoken = [self._clause(part) if part and place % 2 == 0 else part for place, part in enumerate(parts)]
        return "".join(part + " " if place % 2 else part for place, part in enumerate(spoken)).strip()

    def _clause(self, clause: str) -> str:
        command = (self.program, "-q", "--ipa", "-v", self.voice, "--stdin")
        try:
            said = subprocess.run(  # noqa: S603 # nosec B603 # the text goes to its standard input
                command, input=f"{clause}\n".encode(), capture_output=True, timeout=_LIMIT_S, check=True
            )
        except FileNotFoundError as fault:
            raise WeightsMissing(
                "this voice needs the program espeak-ng", remedy="Install espeak-ng, or use another voice."
            ) from fault
        except (OSError, subprocess.SubprocessError) as fault:
            raise EngineFault(f"espeak-ng cannot read for the voice {self.voice!r}") from fault
        return " ".join(_LANGUAGE_MARK.sub("", said.stdout.decode("utf-8", "ignore")).split())
