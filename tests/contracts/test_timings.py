"""Timings as clients write them: what is taken, and how a fault is named."""

import pytest

from contracts.errors import InvalidRequest
from contracts.jobs import TimedText
from contracts.timings import MOST_ENTRIES, needs_language, read_entries

pytestmark = pytest.mark.unit

WORD = {"text": "hello", "start": 0.5, "end": 0.9}
NAN = float("nan")
Row = dict[str, object]


def word(**changes: object) -> Row:
    return {name: value for name, value in {**WORD, **changes}.items() if value is not ...}


def test_words_and_phones_may_stand_side_by_side() -> None:
    entries = read_entries([WORD, {"phones": "w ɜː l d", "start": 0.9, "end": 2}])

    assert entries == (
        TimedText(text="hello", start_s=0.5, end_s=0.9),
        TimedText(phones="w ɜː l d", start_s=0.9, end_s=2.0),
    )


def test_every_letter_mark_and_tone_of_ipa_is_taken() -> None:
    chart = "p b t d ʈ ɖ c ɟ k ɡ q ɢ ʔ m ɱ ɳ ɲ ŋ ɴ ʙ ʀ ⱱ ɾ ɸ β θ ð ʃ ʒ ç χ ʁ ħ ʕ ɮ ɬ ʘ ǀ ɓ ʄ ʍ ɥ ɕ ɺ ɧ t͡s k͜p"
    tones = "ẽ ã ə̃ aː tʰ dˠ ⁿd ˥ ˩ ꜜ ꜛ ↗ ↘ ˈa ˌa a.a a‿a ǁ | ‖ ʧ ꭧ ɚ ᵻ ᵊ d̪ n̩ e̞ tʷ tʼ"

    (entry,) = read_entries([{"phones": f"{chart} {tones}", "start": 0, "end": 9}])

    assert entry.phones == f"{chart} {tones}"


def test_times_that_were_added_up_may_overlap_by_their_rounding() -> None:
    first, second = read_entries([word(start=0.4, end=0.4 + 0.2), word(start=0.6, end=0.8)])

    assert first.end_s > 0.6
    assert second.start_s == first.end_s


def test_what_else_an_entry_says_is_passed_over() -> None:
    assert read_entries([word(score=0.98, phones=None)]) == read_entries([WORD])


@pytest.mark.parametrize(
    ("rows", "field", "message"),
    [
        ({}, "", "must be a list"),
        ("hello", "", "must be a list"),
        ([], "", f"must hold 1 to {MOST_ENTRIES} entries, not 0"),
        ([WORD] * (MOST_ENTRIES + 1), "", f"must hold 1 to {MOST_ENTRIES} entries"),
        (["hello"], "0", "must be an object"),
        ([word(text=...)], "0", "must have either text or phones"),
        ([word(phones="h")], "0", "must have either text or phones"),
        ([word(text=5)], "0.text", "must be a string"),
        ([word(text="")], "0.text", "must have 1 to 200 characters"),
        ([word(text="x" * 201)], "0.text", "must have 1 to 200 characters"),
        ([word(text=..., phones="HH AH0")], "0.phones", "must be IPA, such as 'h ə l oʊ', in which there is no 'H'"),
        ([word(text=..., phones="ж a")], "0.phones", "must be IPA, such as 'h ə l oʊ', in which there is no 'ж'"),
        ([word(text=..., phones="h ☃ l")], "0.phones", "must be IPA, such as 'h ə l oʊ', in which there is no '☃'"),
        ([word(text=..., phones="你")], "0.phones", "must be IPA, such as 'h ə l oʊ', in which there is no '你'"),
        ([word(start=...)], "0.start", "is missing"),
        ([word(end=None)], "0.end", "is missing"),
        ([word(start="0.5")], "0.start", "must be a number"),
        ([word(start=True)], "0.start", "must be a number"),
        ([word(start=NAN)], "0.start", "must be from 0 to 86400 s"),
        ([word(end=float("inf"))], "0.end", "must be from 0 to 86400 s"),
        ([word(start=-0.1)], "0.start", "must be from 0 to 86400 s"),
        ([word(end=10**400)], "0.end", "must be from 0 to 86400 s"),
        ([word(end=0.5)], "0.end", "must be after start, 0.5 s"),
        ([WORD, word(start=0.8, end=1.2)], "1.start", "is before the end of the entry before it, 0.9 s"),
        ([word(start=2, end=3), WORD], "1.start", "is before the end of the entry before it, 3 s"),
    ],
)
def test_a_fault_is_named_with_its_place(rows: object, field: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as fault:
        read_entries(rows)

    assert (fault.value.field, fault.value.message[: len(message)]) == (field, message)
    assert "seconds" in fault.value.remedy


def test_only_words_need_a_language() -> None:
    assert needs_language(read_entries([WORD]))
    assert not needs_language(read_entries([word(text=..., phones="h")]))
