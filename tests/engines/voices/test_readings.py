"""Text to phonemes, language by language."""

import pytest

from engines.voices.english import english
from engines.voices.french import french
from engines.voices.italian import italian
from engines.voices.mandarin import mandarin
from engines.voices.numbers import in_words
from engines.voices.spanish import spanish
from engines.voices.speaker import Reading
from engines.voices.symbols import known

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there.", "həlˈO ðˈɛɹ."),
        ("It costs $5.", "ˌɪt kˈɔsts fˈIv dˈɑləɹz."),
    ],
)
def test_american_english(text: str, expected: str) -> None:
    assert "".join(symbol for symbol in english(british=False)(text) if symbol not in "()/[]") == expected


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("https://www.example.com", "w w w dot example dot com"),
        ("jo.doe@mail.org.", "jo dot doe @ mail dot org."),
        ("Go to file.txt", "Go to file dot txt"),
    ],
)
def test_addresses_are_read_as_people_say_them(text: str, same: str) -> None:
    read = english(british=False)

    assert read(text).split() == read(same).split()


@pytest.mark.parametrize("text", ["I am here.Then go", "at 3.5 a.m. e.g. now"])
def test_other_points_are_no_dots(text: str) -> None:
    assert "dˈɑt" not in english(british=False)(text)


@pytest.mark.parametrize("read", [french(), italian()])
def test_words_of_other_scripts_are_passed_over(read: Reading) -> None:
    assert not read("мир 你好 שלום").strip()
    assert read("мир ciao").strip() == read("ciao")


def test_text_that_looks_like_markup_for_pronunciations_is_read_as_text() -> None:
    assert "nˈʌθɪŋ" in english(british=False)("Say [this](/nothing/)")


def test_british_english_differs() -> None:
    assert english(british=True)("hot car") == "hˈɒt kˈɑː"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bonjour à tous !", "bɔ̃ʒˈuʁ a tˈu !"),
        ("Les enfants aiment l'eau", "lez ɑ̃fˈɑ̃ ˈɛm lˈo"),
        ("C’est qu'il a un ami", "sɛ kil ˈa œ̃n amˈi"),
        ("aujourd'hui", "oʒuʁdɥˈi"),
    ],
)
def test_french_with_elision_and_liaison(text: str, expected: str) -> None:
    assert french()(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Ciao, amici", "ʧˈao, amˈiʧɪ"), ("l'acqua", "lˈakːwa"), ("oggi", "ˈɔʤːɪ")],
)
def test_italian(text: str, expected: str) -> None:
    assert italian()(text).replace("dʤ", "ʤ") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("¿Cómo estás?", "kˈomo estˈas?"),
        ("guerra y vergüenza", "ɡˈera i beɾɡwˈenθa"),
        ("ciudad", "θjuðˈad"),
        ("río, aquí", "rˈio, akˈi"),
        ("llegamos a Zaragoza", "ʎeɣˈamos a θaɾaɣˈoθa"),
        ("niño huevo examen", "nˈiɲo wˈeβo eksˈamen"),
        ("hay y voy", "ˈai i bˈoi"),
    ],
)
def test_spanish(text: str, expected: str) -> None:
    assert spanish(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好。", "ni↗xau↓."),
        ("北京", "pei↓ʨi→ŋ"),
        ("2024年", mandarin("二零二四年")),
        ("105", mandarin("一百零五")),
        ("10", mandarin("十")),
        ("20340", mandarin("二万零三百四十")),
        ("100010001", mandarin("一亿零一万零一")),
        ("12.5%", mandarin("百分之十二点五")),
        ("0", mandarin("零")),
        ("007", mandarin("零零七")),
        ("hello", ""),
    ],
)
def test_mandarin(text: str, expected: str) -> None:
    assert mandarin(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("25", " veinticinco "),
        ("1.250,5", " mil doscientos cincuenta coma cinco "),
        ("1.250.000", " un millón doscientos cincuenta mil "),
        ("007", "cero cero siete"),
        ("no", "no"),
    ],
)
def test_numbers_in_words(text: str, expected: str) -> None:
    assert in_words(text, "es") == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("50 %", "es", "cincuenta por ciento"),
        ("50%", "fr", "cinquante pour cent"),
        ("€5", "it", "cinque euro"),
        ("19,99 €", "fr", "dix-neuf virgule neuf neuf euros"),
        ("$ 3 & más", "es", "tres dólares y más"),
        ("20°", "it", "venti gradi"),
        ("a@b", "es", "a arroba b"),
    ],
)
def test_signs_in_words(text: str, language: str, expected: str) -> None:
    assert " ".join(in_words(text, language).split()) == expected


@pytest.mark.parametrize("read", [english(british=False), french(), italian(), spanish, mandarin])
def test_any_text_is_read_or_passed_over(read: object) -> None:
    assert callable(read)
    for text in (
        "<speak>hi</speak> &amp;",
        "Ünïcödé 𝔘𝔫𝔦",
        "日本語 العربية",
        "3" * 60,
        "''--//",
        "😀",
        "ａｂｃ～",
        "İ",
        "1,000" * 9,
    ):
        known(read(text))
