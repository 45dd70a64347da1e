"""Scripts cut into sentences, short enough to be spoken in one breath."""

import re
import unicodedata
from dataclasses import dataclass

from contracts.errors import MediaTooLong, UnreadableMedia

#: The request's field that a script comes in.
FIELD = "script"

#: Pauses after a piece, in seconds.
PARAGRAPH_S, SENTENCE_S, CLAUSE_S = 0.55, 0.3, 0.12
#: Longest piece in characters of a letter each; Chinese says a syllable with one and is cut four times as short.
_LONGEST = 180
_IDEOGRAPH_WEIGHT = 4

_PARAGRAPH = re.compile(r"\n+")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]»]*\s+|(?<=[。！？])[”’」』）]*")
_CLAUSE = re.compile(r"(?<=[,;:—–、，；：])\s*|\s+(?=[—–(])")
#: Letters and digits that are others in fancy dress: full-width, mathematical bold, ligatures.
_DRESSED = ("<wide>", "<narrow>", "<font>", "<compat>")
_ABBREVIATED = re.compile(r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|Jr|Sr|vs|etc|approx|No|Sig|Sra?|M|Mme)|\b[A-Z])\.$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a script that is spoken at once, and the pause after it."""

    text: str
    pause_s: float


def clean(text: str) -> str:
    """Normalise to NFC, make letters plain, drop characters without a look of their own, and collapse spaces in lines.

    Raises:
        UnreadableMedia: when neither a letter nor a digit is left.
    """
    lines = (" ".join(line.split()) for line in "".join(map(_plain, unicodedata.normalize("NFC", text))).splitlines())
    cleaned = "\n".join(line for line in lines if line)
    if not any(letter.isalnum() for letter in cleaned):
        raise nothing_to_say()
    return cleaned


def nothing_to_say() -> UnreadableMedia:
    """The fault of a script without words."""
    return UnreadableMedia(
        "there is nothing in it that can be spoken", field=FIELD, remedy="Send words in the voice's language."
    )


def too_long(longest_s: float) -> MediaTooLong:
    """The fault of a script that takes longer to say than is allowed."""
    return MediaTooLong(f"its speech is longer than {longest_s:g} s", field=FIELD, remedy="Send a shorter script.")


def pieces(text: str) -> list[Piece]:
    """Cut a cleaned text at paragraphs and sentences, and long sentences at clauses or, failing these, words."""
    found: list[Piece] = []
    for paragraph in _PARAGRAPH.split(text):
        parts = [part for sentence in _sentences(paragraph) for part in _breaths(sentence)]
        found += parts[:-1]
        found += [Piece(text=part.text, pause_s=PARAGRAPH_S) for part in parts[-1:]]
    return found


def _plain(letter: str) -> str:
    category = unicodedata.category(letter)
    if category == "Cf":  # Soft hyphens, joiners and marks of direction stand within words.
        return ""
    if category.startswith("C") and letter != "\n":
        return " "
    is_dressed = category[0] in "LN" and unicodedata.decomposition(letter).startswith(_DRESSED)
    return unicodedata.normalize("NFKC", letter) if is_dressed else letter


def _sentences(paragraph: str) -> list[str]:
    sentences: list[str] = []
    start = 0
    for end in _SENTENCE.finditer(paragraph):
        sentence = paragraph[start : end.end()].strip()
        if sentence and not _ABBREVIATED.search(sentence):
            sentences.append(sentence)
            start = end.end()
    rest = paragraph[start:].strip()
    return [*sentences, rest] if rest else sentences


def _breaths(sentence: str) -> list[Piece]:
    joined: list[str] = [""]
    for part in _divided(sentence):
        if joined[-1] and _weight(joined[-1]) + _weight(part) > _LONGEST:
            joined.append(part)
        else:
            joined[-1] = f"{joined[-1]} {part}".strip()
    spoken = [text for text in joined if any(letter.isalnum() for letter in text)]
    last = len(spoken) - 1
    return [Piece(text=text, pause_s=SENTENCE_S if place == last else CLAUSE_S) for place, text in enumerate(spoken)]


def _divided(sentence: str) -> list[str]:
    if _weight(sentence) <= _LONGEST:
        return [sentence]
    parts: list[str] = []
    for clause in filter(None, _CLAUSE.split(sentence)):
        parts += [clause] if _weight(clause) <= _LONGEST else _words(clause)
    return parts


def _words(clause: str) -> list[str]:
    longest = _LONGEST // _IDEOGRAPH_WEIGHT
    return [word[start : start + longest] for word in clause.split() for start in range(0, len(word), longest)]


def _weight(text: str) -> int:
    return sum(_IDEOGRAPH_WEIGHT if "぀" <= letter <= "鿿" else 1 for letter in text)
