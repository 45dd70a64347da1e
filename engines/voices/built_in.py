"""The voices that come with the service: whose style, and which language's rules, each speaks with."""

from contracts.errors import EngineFault
from contracts.voices import BUILT_IN
from engines.voices.hibari import hibari
from engines.voices.kokoro import STYLES, kokoro
from engines.voices.readings import reading_of
from engines.voices.speaker import BuiltInSpeaker, Network


def built_in(voice_id: str, threads: int) -> BuiltInSpeaker:
    """A voice of `contracts.voices.BUILT_IN`; networks and languages' rules are loaded once for all voices.

    Raises:
        WeightsMissing: when something it needs is not installed.
        EngineFault: when its language cannot be read.
    """
    language = next(info.language for info in BUILT_IN if info.voice_id == voice_id)
    read = reading_of(language)
    if read is None:
        raise EngineFault(f"there is no dictionary of {language}, the language of {voice_id!r}")
    return BuiltInSpeaker(network=_network(voice_id, threads), read=read)


def _network(voice_id: str, threads: int) -> Network:
    if voice_id not in STYLES:
        return hibari(threads)
    return kokoro(threads).voice(STYLES[voice_id])
