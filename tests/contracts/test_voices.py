import re
from pathlib import Path

import pytest

from contracts.voices import BUILT_IN, VoiceInfo

pytestmark = pytest.mark.unit

PAGE = Path(__file__).resolve().parents[2] / "docs" / "voices.md"


def _row(voice: VoiceInfo) -> str:
    return f"| `{voice.voice_id}` | {voice.name} | {voice.language} | {voice.gender} | {voice.engine} |"


def test_the_first_voice_is_the_one_that_hosted_products_name() -> None:
    assert BUILT_IN[0].voice_id == "voice_english_female_01"


def test_the_page_of_voices_lists_what_comes_with_the_service() -> None:
    rows = [
        line
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `voice_") and "_id`" not in line
    ]

    assert rows == [_row(voice) for voice in BUILT_IN]


def test_no_two_voices_share_an_id_or_a_name() -> None:
    assert len({voice.voice_id for voice in BUILT_IN}) == len({voice.name for voice in BUILT_IN}) == len(BUILT_IN)


@pytest.mark.parametrize("voice", BUILT_IN, ids=lambda voice: voice.voice_id)
def test_an_id_says_what_the_voice_is(voice: VoiceInfo) -> None:
    assert re.fullmatch(rf"voice_[a-z]+_{voice.gender}_\d\d", voice.voice_id)
    assert re.fullmatch(r"[a-z]{2}-[A-Z]{2}", voice.language)
