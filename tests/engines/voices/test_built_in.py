"""The voices that come with the service, speaking."""

import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from contracts.errors import EngineFault, MediaTooLong, UnreadableMedia
from contracts.voices import BUILT_IN
from engines.articulate.phones import phones_of_ipa
from engines.voices.base import Spoken
from engines.voices.kokoro import STYLES, kokoro
from engines.voices.registry import Voices
from tests.engines.voices.tiny_piper import write_piper

pytestmark = pytest.mark.unit

FIRST = "voice_english_female_01"
#: A word or two for a voice of each language, and phones that must be in it.
WORDS = {
    "voice_english_male_01": ("Good morning.", "ɡm"),
    "voice_british_male_01": ("Good morning.", "ɡm"),
    "voice_french_female_01": ("Bonjour.", "bʒ"),
    "voice_spanish_male_01": ("Buenos días.", "bi"),
    "voice_italian_male_01": ("Buongiorno.", "bo"),
    "voice_chinese_female_01": ("你好。", "nx"),
}
FRAME_S = 0.04


class Stopped(Exception):
    """Raised by a report."""


@pytest.fixture(scope="module")
def voices() -> Voices:
    return Voices(dict, 1)


def _speak(voices: Voices, voice_id: str, text: str) -> Spoken:
    return voices.get(voice_id).speak(text, lambda fraction: None)


def _below(spoken: Spoken, hertz: float) -> NDArray[np.float32]:
    """The sound without what lies above a frequency: of an "s" nothing is left."""
    spectrum = np.fft.rfft(spoken.samples)
    spectrum[np.fft.rfftfreq(len(spoken.samples), 1 / spoken.rate) > hertz] = 0
    return np.fft.irfft(spectrum, len(spoken.samples)).astype(np.float32)


def _onset_s(samples: NDArray[np.float32], rate: int, share: float = 0.05) -> float:
    """When the sound first rises above a share of its loudest, over 5 ms."""
    step = rate // 200
    envelope = np.sqrt(np.mean(np.square(samples[: len(samples) // step * step].reshape(-1, step)), axis=1))
    return float(np.argmax(envelope > share * envelope.max())) * step / rate


def test_every_voice_that_comes_with_the_service_has_a_style_or_a_network_of_its_own() -> None:
    assert [voice.voice_id for voice in BUILT_IN] == [FIRST, *STYLES]


@pytest.mark.parametrize("style", STYLES.values())
def test_every_style_is_there(style: str) -> None:
    styles = kokoro(1).voice(style).styles

    assert styles.shape == (510, 256)
    assert 0.05 < styles.std() < 0.5


@pytest.mark.parametrize("voice_id", WORDS)
def test_a_voice_of_each_language_speaks(voice_id: str, voices: Voices) -> None:
    text, heard = WORDS[voice_id]

    spoken = _speak(voices, voice_id, text)

    assert spoken.rate == 24_000
    assert 0.4 < spoken.duration_s < 3.0
    assert set(heard) <= {phone.symbol for phone in spoken.phones}
    assert 0.05 < np.sqrt(np.mean(np.square(spoken.samples))) < 0.2


@pytest.mark.parametrize(
    "text", ["Please come in.", "My name is Ann.", "Take a seat!", "Five boats.", "Hello.", "Why?"]
)
def test_the_first_phone_begins_with_the_sound_to_a_frame(text: str, voices: Voices) -> None:
    spoken = _speak(voices, FIRST, text)

    assert spoken.phones[0].start_s == pytest.approx(_onset_s(spoken.samples, spoken.rate), abs=FRAME_S)


@pytest.mark.parametrize("voice_id", [FIRST, "voice_english_male_01"])
@pytest.mark.parametrize("text", ["Sad.", "Seat.", "Sock."])
def test_a_stressed_vowel_begins_where_the_voice_sets_in(text: str, voice_id: str, voices: Voices) -> None:
    spoken = _speak(voices, voice_id, text)

    consonant, vowel = spoken.phones[:2]
    assert consonant.symbol == "s"
    assert vowel.start_s == pytest.approx(_onset_s(_below(spoken, 800), spoken.rate, 0.35), abs=FRAME_S / 2)


def test_phones_are_in_order_within_the_sound_and_known_to_the_lips(voices: Voices) -> None:
    spoken = _speak(voices, FIRST, "Judge the choice, then: 25 people — enjoy it! A new line.\nThe end…")

    edges = [edge for phone in spoken.phones for edge in (phone.start_s, phone.end_s)]
    assert all(later - earlier > -1e-9 for earlier, later in pairwise(edges))
    assert edges[-1] <= spoken.duration_s
    assert all(phones_of_ipa(phone.symbol) for phone in spoken.phones)


def test_it_is_silent_between_sentences_where_no_phone_is(voices: Voices) -> None:
    spoken = _speak(voices, FIRST, "One. Two.")

    gaps = [(a.end_s, b.start_s) for a, b in pairwise(spoken.phones) if b.start_s - a.end_s > 0.2]
    assert len(gaps) == 1
    inside = spoken.samples[round((gaps[0][0] + 0.1) * spoken.rate) : round((gaps[0][1] - 0.05) * spoken.rate)]
    assert np.abs(inside).max() < 0.01


def test_the_same_words_sound_the_same(voices: Voices) -> None:
    one, other = (_speak(voices, FIRST, "Again and again.") for _ in range(2))

    np.testing.assert_array_equal(one.samples, other.samples)
    assert one.phones == other.phones


def test_markup_is_read_as_text(voices: Voices) -> None:
    plain, marked = (_speak(voices, FIRST, text) for text in ("hello", '<speak><break time="9s"/>hello</speak>'))

    assert len(marked.phones) > len(plain.phones)
    assert marked.duration_s < 9


def test_a_long_script_reports_its_progress(voices: Voices) -> None:
    reports: list[float] = []

    spoken = voices.get(FIRST).speak("This is one of many sentences. " * 40, reports.append)

    assert spoken.duration_s > 50
    assert reports == sorted(reports)
    assert len(set(reports)) > 30
    assert reports[-1] == 1.0


def test_a_report_that_raises_stops_the_network_while_it_works(voices: Voices) -> None:
    began, raised_at = time.monotonic(), 0.0

    def report(fraction: float) -> None:
        nonlocal raised_at
        if time.monotonic() - began > 0.2:
            raised_at = time.monotonic()
            raise Stopped

    speaker = voices.get("voice_english_male_01")
    began = time.monotonic()
    with pytest.raises(Stopped):
        speaker.speak("and then " * 20, report)

    assert time.monotonic() - raised_at < 5


@pytest.mark.parametrize(("voice_id", "text"), [(FIRST, "?!"), ("voice_chinese_male_01", "hello"), (FIRST, "😀")])
def test_a_script_that_the_voice_cannot_speak_is_refused_by_its_field(voice_id: str, text: str, voices: Voices) -> None:
    with pytest.raises(UnreadableMedia) as refusal:
        _speak(voices, voice_id, text)

    assert refusal.value.field == "script"


def test_a_voice_that_nobody_has_is_refused(voices: Voices) -> None:
    with pytest.raises(EngineFault, match="no voice") as fault:
        voices.get("voice_klingon_male_01")

    assert fault.value.field == "voice_id"


def test_a_voice_that_comes_with_the_service_is_loaded_once(voices: Voices) -> None:
    assert voices.get(FIRST) is voices.get(FIRST)


def test_an_operators_voice_is_found_when_it_is_added(tmp_path: Path) -> None:
    models: dict[str, Path] = {}
    voices = Voices(lambda: models, 1)
    models["piper_tiny"] = write_piper(tmp_path)

    assert _speak(voices, "piper_tiny", "abc").phones


def test_an_operators_voice_that_leaves_things_to_chance_sounds_the_same_in_each_process(
    tmp_path: Path,
) -> None:
    path = write_piper(tmp_path)
    network = onnx.load(str(path))
    network.graph.node[-1].output[:] = ["steady"]
    network.graph.node.add().CopyFrom(onnx.helper.make_node("RandomNormalLike", ["steady"], ["noise"]))
    network.graph.node.add().CopyFrom(onnx.helper.make_node("Add", ["steady", "noise"], ["output"]))
    onnx.save(network, str(path))
    code = (
        "from pathlib import Path; from sys import argv; from hashlib import sha256\n"
        "from engines.voices.registry import Voices\n"
        "voices = Voices(lambda: {'piper_tiny': Path(argv[1])}, 1)\n"
        "for _ in range(2):\n"
        "    spoken = voices.get('piper_tiny').speak('abc. def.', lambda fraction: None)\n"
        "    print(sha256(spoken.samples.tobytes()).hexdigest())\n"
    )

    said = [subprocess.check_output([sys.executable, "-c", code, str(path)], text=True) for _ in range(2)]

    assert len(said[0].split()) == 2
    assert len(set("".join(said).split())) == 1


def test_a_script_that_takes_too_long_to_say_is_given_up_on_the_way(voices: Voices) -> None:
    reports: list[float] = []

    with pytest.raises(MediaTooLong, match="longer than 5 s") as refusal:
        voices.get(FIRST).speak("7 % " * 250, reports.append, 5.0)

    assert refusal.value.field == "script"
    assert max(reports) < 0.5


def test_voices_speak_side_by_side(voices: Voices) -> None:
    alone = _speak(voices, FIRST, "Side by side.")
    others: list[Spoken] = []
    threads = [threading.Thread(target=lambda: others.append(_speak(voices, FIRST, "Side by side."))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [other.phones for other in others] == [alone.phones] * 3
