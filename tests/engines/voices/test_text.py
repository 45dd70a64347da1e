import pytest

from contracts.errors import UnreadableMedia
from engines.voices.text import CLAUSE_S, PARAGRAPH_S, SENTENCE_S, Piece, clean, pieces

pytestmark = pytest.mark.unit


def _texts(text: str) -> list[str]:
    return [piece.text for piece in pieces(clean(text))]


@pytest.mark.parametrize("text", ["", " \n\t", "...!?", "😀 🎉", "\u200b\u0000", "— «»"])
def test_a_text_without_words_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(UnreadableMedia, match="spoken") as refusal:
        clean(text)

    assert refusal.value.field == "script"
    assert refusal.value.remedy


def test_characters_without_a_look_are_dropped_and_spaces_collapse() -> None:
    assert clean("a\u0000b\u200b \t c\r\n\n d") == "a b c\nd"


def test_letters_and_their_accents_are_joined() -> None:
    assert clean("cafe\u0301") == "café"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ex\u00adample", "example"),
        ("\u202eabc\u202c \u2066d\u2069", "abc d"),
        ("\u200bzero\u200bwidth\ufeff", "zerowidth"),
        ("ＦＵＬＬ１ 𝐁𝐨𝐥𝐝 ﬁne", "FULL1 Bold fine"),
        ("½ ² 3º … 你，吗！", "½ ² 3º … 你，吗！"),
    ],
)
def test_letters_are_made_plain_and_words_stay_whole(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_a_text_is_cut_at_its_sentences_and_rests_longer_after_paragraphs() -> None:
    assert pieces("One. Two!\nThree") == [
        Piece(text="One.", pause_s=SENTENCE_S),
        Piece(text="Two!", pause_s=PARAGRAPH_S),
        Piece(text="Three", pause_s=PARAGRAPH_S),
    ]


@pytest.mark.parametrize("text", ["Dr. Smith came.", "J. K. Rowling wrote.", "It costs 3.50 now."])
def test_points_that_end_no_sentence_cut_nothing(text: str) -> None:
    assert _texts(text) == [text]


def test_quotes_stay_with_their_sentence() -> None:
    assert _texts("“Go.” She went.") == ["“Go.”", "She went."]


def test_chinese_is_cut_without_spaces() -> None:
    assert _texts("你好。再见！") == ["你好。", "再见！"]


def test_a_long_sentence_is_cut_at_a_clause_with_a_short_rest() -> None:
    first, second = pieces(f"{'word ' * 30}here, {'more ' * 20}there.")

    assert first.text.endswith("here,")
    assert (first.pause_s, second.pause_s) == (CLAUSE_S, PARAGRAPH_S)


@pytest.mark.parametrize("text", ["x" * 5000, "我" * 3000, "word " * 2000, "a,b;" * 1000])
def test_no_piece_is_too_long_whatever_the_text(text: str) -> None:
    assert max(map(len, _texts(text))) <= 180
    assert "".join("".join(_texts(text)).split()) == "".join(text.split())
