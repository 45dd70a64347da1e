from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.articulate.driver import RATE_HZ, Articulation
from engines.articulate.motion import POSE_COLUMNS, Acting, Manner, commands
from engines.articulate.styles import NEUTRAL, VOCABULARY, Entry, Style, style_of

pytestmark = pytest.mark.unit

DOCS = Path(__file__).resolve().parents[3] / "docs" / "engines.md"
SECONDS, FPS = 8.0, 25.0
WORDS = [word for entry in VOCABULARY for word in (entry.word, *entry.synonyms)]
Poses = dict[str, NDArray[np.float32]]


def _speech() -> Articulation:
    """Speech-like tracks: vowels at four a second, now spread, now round, lips meeting once a second."""
    time = np.arange(int(SECONDS * RATE_HZ)) / RATE_HZ
    wave = {rate: np.sin(2 * np.pi * rate * time).astype(np.float32) for rate in (1.0, 1.7, 4.0)}
    none = np.zeros_like(wave[1.0])
    return Articulation(
        opening=0.3 + 0.25 * wave[4.0] + 0.05 * wave[1.7],
        width=0.5 * wave[1.7],
        rounding=np.maximum(-wave[1.7], 0),
        closure=np.maximum(wave[1.0] - 0.9, 0) * 10,
        labiodental=none,
        teeth=none,
        tongue=none,
        activity=none + 1,
    )


def _acted(style: Style) -> Poses:
    frames = int(SECONDS * FPS)
    width, strength = np.full(frames, 0.56, np.float32), np.ones(frames, np.float32)
    acting = Acting(style=style, variation=np.ones(frames, np.float32))
    rows = commands(
        _speech(), FPS, width, strength, [Manner(range=0.16, rest_gap=0.0)], np.zeros(frames, np.int32), acting
    )
    return dict(zip(POSE_COLUMNS, rows.T, strict=True))


def _measures(poses: Poses) -> dict[str, float]:
    free = poses["press"] < 0.02
    return {
        "opening": float(np.percentile(poses["gap"][free], 90)),
        "shape": float(np.ptp(poses["rounding"]) + np.std(poses["width"])),
        "pace": float(np.abs(np.diff(poses["gap"])).mean() / poses["gap"].mean()),
        "closing": float(poses["press"].max()),
        "corners": float(poses["smile"].mean()),
    }


def _agrees(change: float, wanted: float) -> bool:
    """Whether a measured change has the direction that the table gives it, and can be seen."""
    return abs(change) > 0.03 and np.sign(change) == np.sign(wanted)


@pytest.mark.parametrize("word", WORDS)
def test_every_word_changes_the_motion_in_the_direction_that_the_table_gives(word: str) -> None:
    style, warnings = style_of(word)
    plain, acted = _measures(_acted(NEUTRAL)), _measures(_acted(style))

    assert warnings == ()
    if abs(style.opening - 1) > 0.05:
        assert _agrees(acted["opening"] / plain["opening"] - 1, style.opening - 1)
    if style.shape != 1:
        assert _agrees(acted["shape"] / plain["shape"] - 1, style.shape - 1)
    if style.slur_s or style.snap:
        assert _agrees(acted["pace"] / plain["pace"] - 1, 1 if style.snap else -1)
    if style.closing != 1:
        assert _agrees(acted["closing"] - plain["closing"], style.closing - 1)
    if style.smile:
        assert _agrees(acted["corners"], style.smile)
        assert _agrees(20 * (_acted(style)["width"].mean() - _acted(NEUTRAL)["width"].mean()), style.smile)


@pytest.mark.parametrize("entry", VOCABULARY, ids=lambda entry: entry.word)
def test_no_two_styles_are_the_same(entry: Entry) -> None:
    others = [_acted(other.style) for other in VOCABULARY if other is not entry] + [_acted(NEUTRAL)]
    own = _acted(entry.style)

    assert all(any(np.abs(own[name] - other[name]).max() > 0.01 for name in POSE_COLUMNS) for other in others)


def test_each_word_belongs_to_one_style() -> None:
    assert len(set(WORDS)) == len(WORDS)


@pytest.mark.parametrize("prompt", ["", "  ", "and the", "naturally", "…!?"])
def test_a_prompt_that_asks_for_nothing_changes_nothing(prompt: str) -> None:
    assert style_of(prompt) == (NEUTRAL, ())


@pytest.mark.parametrize("prompt", ["LOUD", "Loud.", "speak loud, please!", "a loud voice", "loud, LOUDLY"])
def test_words_count_in_any_case_and_anywhere_and_only_once(prompt: str) -> None:
    assert style_of(prompt) == style_of("loud")


def test_styles_add_up() -> None:
    soft, happy = style_of("soft")[0], style_of("happy")[0]

    both, warnings = style_of("softly and smiling")

    assert (both.opening, both.shape, both.smile) == (soft.opening, soft.shape, happy.smile)
    assert warnings == ()


@pytest.mark.parametrize(
    ("prompt", "meant"),
    [
        ("not smiling", ""),
        ("without smiling", ""),
        ("don't shout", ""),
        ("Please don’t shout or smile.", ""),
        ("do not speak too loud", ""),
        ("calm, not smiling", "calm"),
        ("not smiling, calm", "calm"),
        ("not loud but clear", "clear"),
        ("without any shouting and clearly", "clear"),
        ("never sad; happy", "happy"),
        ("not only loud but clear", "loud clear"),
    ],
)
def test_what_is_not_wanted_is_left_out(prompt: str, meant: str) -> None:
    assert style_of(prompt) == style_of(meant)


def test_unknown_words_are_told_in_one_sentence_with_the_vocabulary() -> None:
    style, (warning,) = style_of("Calm and not grümpy, grümpy")

    assert style == style_of("calm")[0]
    assert "nothing: grümpy;" in warning
    assert all(entry.word in warning for entry in VOCABULARY)


def test_a_long_prompt_is_not_told_back_whole() -> None:
    (warning,) = style_of(" ".join(f"foo{'x' * count}" for count in range(300)))[1]

    assert len(warning) < 400


def test_the_documented_vocabulary_is_the_one_that_works() -> None:
    rows = [f"| {entry.word} | {', '.join(entry.synonyms)} | {_effect(entry.style)} |" for entry in VOCABULARY]

    assert "\n".join(rows) in DOCS.read_text(encoding="utf-8")


def _effect(style: Style) -> str:
    """What a style does, as the documentation says it."""
    parts = [
        f"opens ×{style.opening:g}" if style.opening != 1 else "",
        f"lip shapes ×{style.shape:g}" if style.shape != 1 else "",
        "moves slowly" if style.slur_s else "",
        "moves briskly" if style.snap else "",
        "lips do not quite meet" if style.closing < 1 else "",
        "corners up" if style.smile > 0 else "",
        "corners down" if style.smile < 0 else "",
    ]
    return ", ".join(part for part in parts if part)
