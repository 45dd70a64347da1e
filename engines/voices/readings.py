"""How each language's text is read: by rules and dictionaries that are loaded with the first text of the language."""

from collections.abc import Callable

from engines.voices.speaker import Reading


def reading_of(language: str) -> Reading | None:
    """A reader for a BCP 47 tag; another country's of the same language where there is none of its own.

    Returns:
        None when there is no dictionary of the language.

    Raises:
        WeightsMissing: when there is one, and it is not installed.
    """
    tag = language.lower()
    spoken = tag.partition("-")[0]
    exact = (known for known in _READINGS if known.lower() == tag)
    alike = (known for known in _READINGS if known.lower().partition("-")[0] == spoken)
    found = next(exact, None) or next(alike, None)
    return _READINGS[found]() if found else None


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


#: The first tag of a language serves all its other countries.
_READINGS: dict[str, Callable[[], Reading]] = {
    "en-US": _american,
    "en-GB": _british,
    "fr-FR": _french,
    "it-IT": _italian,
    "es-ES": _spanish,
    "zh-CN": _mandarin,
}

#: The languages that have a dictionary.
LANGUAGES = tuple(_READINGS)
