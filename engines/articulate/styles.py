"""Speaking styles in words: a small vocabulary, and what each word does to the motion of the mouth.

A prompt is free text. Words of the vocabulary count wherever they stand in it, in any case, and add up, except after a
"not", "without" or the like in the same clause: what is not wanted is left out. Little words such as "and" are passed
over; any other word is told back to the client, for it changes nothing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

_OPENING_LIMITS = 0.3, 1.7
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CLAUSE_END = re.compile(r"[.,;:!?()\n]|\b(?:but|and|while|yet|though|just|only|instead)\b")
#: A negation of what follows it in its clause.
_NEGATION = re.compile(r"not|no|nor|neither|never|without|avoid|cannot|dont|\w+n['’]t")
_MOST_NAMED = 10
#: Words that a description of a style needs and that ask for nothing.
_LITTLE = frozenset(
    re.findall(
        r"\w+",
        """a an the and or but in of on to as with at is are be by for it its his her their my this that please way
        manner style tone mood voice voices speech speak speaks speaking spoken say says saying talk talks talking
        sound sounds sounding look looks looking person man woman speaker character he she they who while
        do does any too very neutral natural naturally normal normally""",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What is changed of the motion that the voice alone would give; the defaults change nothing.

    Attributes:
        opening: factor on how far the mouth opens.
        shape: factor on how far lips spread and round.
        closing: 0..1, how far lips that should meet do.
        slur_s: standard deviation in seconds of the smoothing of the motion.
        snap: share by which fast movements overshoot.
        smile: -1 corners drawn down and in .. 1 a broad smile, also at rest.
    """

    opening: float = 1.0
    shape: float = 1.0
    closing: float = 1.0
    slur_s: float = 0.0
    snap: float = 0.0
    smile: float = 0.0

    def and_also(self, other: "Style") -> "Style":
        """Both at once."""
        low, high = _OPENING_LIMITS
        return Style(
            opening=min(max(self.opening * other.opening, low), high),
            shape=self.shape * other.shape,
            closing=self.closing * other.closing,
            slur_s=max(self.slur_s, other.slur_s),
            snap=max(self.snap, other.snap),
            smile=min(max(self.smile + other.smile, -1.0), 1.0),
        )


NEUTRAL = Style()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One style of the vocabulary: its word, the words that mean the same, and what it does."""

    word: str
    synonyms: tuple[str, ...]
    style: Style


def _entry(words: str, **changes: float) -> Entry:
    word, *synonyms = words.split()
    return Entry(word=word, synonyms=tuple(synonyms), style=Style(**changes))


VOCABULARY: tuple[Entry, ...] = (
    _entry("calm calmly relaxed gentle gently", opening=0.8, slur_s=0.045),
    _entry("lively energetic excited enthusiastic animated expressive", opening=1.2, shape=1.25, snap=0.5),
    _entry("soft softly quiet quietly whisper whispers whispering", opening=0.6, shape=0.85),
    _entry("loud loudly shout shouts shouting yell yelling scream screaming", opening=1.4, snap=0.3),
    _entry("happy happily smile smiles smiling cheerful cheerfully joyful friendly", smile=0.7),
    _entry("serious seriously stern formal formally professional", opening=0.9, smile=-0.35),
    _entry("sad sadly sorrowful melancholic unhappy gloomy", opening=0.8, slur_s=0.035, smile=-0.9),
    _entry("clear clearly articulate articulated precise distinct distinctly", opening=1.1, shape=1.3, snap=0.4),
    _entry("mumble mumbles mumbling mumbled murmuring tired", opening=0.5, shape=0.7, closing=0.6, slur_s=0.06),
)

_MEANINGS = {word: entry.style for entry in VOCABULARY for word in (entry.word, *entry.synonyms)}


def style_of(prompt: str) -> tuple[Style, tuple[str, ...]]:
    """The style that a prompt asks for, and what to warn of: at most one sentence."""
    words = list(dict.fromkeys(_words(prompt)))
    wanted = _distinct(_MEANINGS[word] for word, negated in words if word in _MEANINGS and not negated)
    style = reduce(Style.and_also, wanted, NEUTRAL)
    unknown = list(dict.fromkeys(word for word, _ in words if word not in _MEANINGS and word not in _LITTLE))
    return style, ((_warning(unknown),) if unknown else ())


def _words(prompt: str) -> Iterator[tuple[str, bool]]:
    """Each word of a prompt but its negations, and whether one of these stands before it in its clause."""
    for clause in _CLAUSE_END.split(prompt.casefold()):
        negated = False
        for word in _WORD.findall(clause):
            if _NEGATION.fullmatch(word):
                negated = True
            else:
                yield word, negated


def _distinct(styles: Iterable[Style]) -> Iterable[Style]:
    """Each once, so that saying the same in two words does not double it."""
    return dict.fromkeys(styles)


def _warning(unknown: list[str]) -> str:
    named = ", ".join(unknown[:_MOST_NAMED]) + (", …" if len(unknown) > _MOST_NAMED else "")
    known = ", ".join(entry.word for entry in VOCABULARY)
    return f"prompt: these words change nothing: {named}; the styles are {known}"
