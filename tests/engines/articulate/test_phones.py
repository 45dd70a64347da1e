"""The articulation table and the blending of neighbouring phones."""

import numpy as np
import pytest
import torch

from engines.articulate.phones import (
    PHONES,
    RATE_HZ,
    SILENCE,
    Feature,
    TimedPhone,
    coarticulate,
    frame_phones,
    phones_of_arpabet,
    phones_of_ipa,
    phones_of_speech,
)
from engines.base import TimedPhone as SpokenPhone

pytestmark = pytest.mark.unit


def letters(phones: tuple[int, ...]) -> str:
    return "".join(PHONES[phone] for phone in phones)


def spoken(*timed: tuple[str, float]) -> torch.Tensor:
    """Features (N, 7) of phones that follow one another, each for so many seconds."""
    items, start = [], 0.0
    for letter, seconds in timed:
        items.append(TimedPhone(phone=PHONES.index(letter), start_s=start, end_s=start + seconds))
        start += seconds
    labels = torch.from_numpy(frame_phones(items, round(start * RATE_HZ)).astype(np.int64))
    return coarticulate(torch.nn.functional.one_hot(labels, len(PHONES)).float()[None])[0]


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("tʃ", "tʃ"),
        ("aɪ", "ɑɪ"),
        ("ɐ̃", "ɑ"),
        ("ˈoː", "o"),
        ("pʰ", "p"),
        ("ʁ", "ʁ"),
        ("g", "ɡ"),
        ("ɓ", "b"),
        ("", ""),
        ("_:", ""),
    ],
)
def test_ipa_symbols_fall_into_phones_without_their_marks(symbol: str, expected: str) -> None:
    assert letters(phones_of_ipa(symbol)) == expected


@pytest.mark.parametrize(
    ("symbol", "expected"), [("AY1", "ɑɪ"), ("ch", "tʃ"), ("SIL", ""), ("+NOISE+", ""), ("b", "b")]
)
def test_arpabet_symbols_fall_into_phones_without_their_stress(symbol: str, expected: str) -> None:
    assert letters(phones_of_arpabet(symbol)) == expected


def test_frames_without_a_phone_are_silent() -> None:
    labels = frame_phones([TimedPhone(phone=3, start_s=0.02, end_s=0.04)], 6)
    assert labels.tolist() == [SILENCE, SILENCE, 3, 3, SILENCE, SILENCE]


def test_a_phone_that_ends_after_the_recording_is_cut_off() -> None:
    assert frame_phones([TimedPhone(phone=3, start_s=0.01, end_s=9.0)], 3).tolist() == [SILENCE, 3, 3]


@pytest.mark.parametrize("letter", ["p", "b", "m"])
def test_lips_touch_in_a_short_bilabial_between_open_vowels(letter: str) -> None:
    features = spoken(("ɑ", 0.2), (letter, 0.07), ("ɑ", 0.2))
    assert features[:, Feature.OPENING].min() < 0.05
    assert features[:, Feature.CLOSURE].max() > 0.9


def test_a_velar_leaves_the_lips_to_its_neighbours() -> None:
    between_open = spoken(("ɑ", 0.2), ("k", 0.07), ("ɑ", 0.2))[23, Feature.OPENING]
    between_round = spoken(("u", 0.2), ("k", 0.07), ("u", 0.2))[23]
    assert between_open > 0.5
    assert between_round[Feature.ROUNDING] > 0.8


def test_lips_are_round_before_a_rounded_vowel_sounds() -> None:
    rounding = spoken(("s", 0.15), ("u", 0.3))[:, Feature.ROUNDING]
    assert rounding[12] > 0.2


def test_in_a_pause_the_lips_wait_a_little_apart_and_do_nothing_else() -> None:
    features = spoken(("", 0.5))
    assert 0.1 < features[:, Feature.OPENING].min() <= features[:, Feature.OPENING].max() < 0.2
    assert features[:, Feature.WIDTH :].abs().max() < 0.01


def test_a_vowel_that_lasts_opens_wider_than_a_short_one() -> None:
    short, long = (spoken(("t", 0.1), ("ɑ", seconds), ("t", 0.1))[:, Feature.OPENING].max() for seconds in (0.06, 0.2))
    assert long > 1.3 * short


@pytest.mark.parametrize(("spread", "rounded"), [("i", "u"), ("e", "o"), ("ɛ", "ɔ"), ("ɪ", "ʊ"), ("j", "w")])
def test_spread_lips_part_further_than_rounded_ones_over_the_same_jaw(spread: str, rounded: str) -> None:
    apart, together = (spoken((letter, 0.3))[15] for letter in (spread, rounded))
    assert apart[Feature.OPENING] > together[Feature.OPENING] + 0.2
    assert apart[Feature.ROUNDING] < 0.1 < 0.5 <= together[Feature.ROUNDING] + 0.001


def test_blending_a_mixture_lies_between_its_parts() -> None:
    either = torch.zeros(1, 50, len(PHONES))
    either[..., PHONES.index("ɑ")] = either[..., PHONES.index("i")] = 0.5
    opening = coarticulate(either)[0, 25, Feature.OPENING]
    assert spoken(("i", 0.5))[25, Feature.OPENING] < opening < spoken(("ɑ", 0.5))[25, Feature.OPENING]


def test_blending_passes_gradients() -> None:
    presence = torch.full((1, 30, len(PHONES)), 1 / len(PHONES), requires_grad=True)
    (gradient,) = torch.autograd.grad(coarticulate(presence)[..., Feature.OPENING].sum(), presence)
    assert gradient.abs().sum() > 0


def test_the_phones_of_one_symbol_share_its_time() -> None:
    first, second = phones_of_speech([SpokenPhone(symbol="tʃ", start_s=1.0, end_s=1.2)])

    assert (PHONES[first.phone], PHONES[second.phone]) == ("t", "ʃ")
    assert (first.start_s, first.end_s, second.start_s, second.end_s) == pytest.approx((1.0, 1.1, 1.1, 1.2))


@pytest.mark.parametrize("symbol", ["", " "])
def test_an_empty_symbol_is_silence(symbol: str) -> None:
    (timed,) = phones_of_speech([SpokenPhone(symbol=symbol, start_s=0, end_s=1)])

    assert timed.phone == SILENCE


def test_an_unknown_sound_is_no_silence_and_leaves_the_lips_to_its_neighbours() -> None:
    (timed,) = phones_of_speech([SpokenPhone(symbol="ǃ", start_s=0, end_s=1)])

    assert PHONES[timed.phone] == "ʔ"
