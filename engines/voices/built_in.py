"""The voices that come with the service: whose style, and which language's rules, each speaks with."""

from collections.abc import Callable

from contracts.voices import BUILT_IN
from engines.voices.hibari import hibari
from engines.voices.kokoro import STYLES, kokoro
from engines.voices.speaker import BuiltInSpeaker, Network, Reading


def built_in(voice_id: str, threads: int) -> BuiltInSpeaker:
    """A voice of `contracts.voices.BUILT_IN`; networks and languages' rules are loaded once for all voices.

    Raises:
        WeightsMissing: when something it needs is not installed.
    """
    language = next(info.language for info in BUILT_IN if info.voice_id == voice_id)
    return BuiltInSpeaker(network=_network(voice_id, threads), read=_READINGS[language]())


def _network(voice_id: str, threads: int) -> Network:
    if voice_id not in STYLES:
        return hibari(threads)
    return kokoro(threads).voice(STYLES[voice_id])


def _american() -> Reading:
    from engines.voices.english import english

    return english(british=False)


def _british() -> Reading:
    from engines.voices.english import english

    return english(british=True)


def _french() -> Reading:
    from engines.voices.french import french

    return french()


def _italian() -> Reading:
    from engines.voices.italian import italian

    return italian()


def _spanish() -> Reading:
    from engines.voices.spanish import spanish

    return spanish


def _mandarin() -> Reading:
    from engines.voices.mandarin import mandarin

    return mandarin


#: A language's dictionaries are loaded with its first voice.
_READINGS: dict[str, Callable[[], Reading]] = {
    "en-US": _american,
    "en-GB": _british,
    "fr-FR": _french,
    "it-IT": _italian,
    "es-ES": _spanish,
    "zh-CN": _mandarin,
}
