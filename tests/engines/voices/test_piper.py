from pathlib import Path

import numpy as np
import onnx
import pytest

from contracts.errors import EngineFault, UnreadableMedia, WeightsMissing
from engines.voices.piper import PiperSpeaker
from tests.engines.voices.tiny_piper import FRAME_SAMPLES, FRAMES_A_NUMBER, RATE, write_piper

pytestmark = pytest.mark.unit

NUMBER_S = FRAMES_A_NUMBER * FRAME_SAMPLES / RATE


def _program(folder: Path, body: str) -> str:
    """A program in the place of eSpeak NG."""
    path = folder / "espeak"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_a_voice_speaks_letters_with_their_times(tmp_path: Path) -> None:
    spoken = PiperSpeaker(write_piper(tmp_path), 1).speak("Ab, C ä!", lambda fraction: None)

    first, second = spoken.phones
    assert spoken.rate == RATE
    assert (first.symbol, second.symbol) == ("b", "a")
    assert first.end_s - first.start_s == pytest.approx(2 * NUMBER_S)
    assert second.start_s - first.start_s == pytest.approx(8 * NUMBER_S)


def test_a_stressed_vowel_begins_with_its_mark(tmp_path: Path) -> None:
    spoken = PiperSpeaker(write_piper(tmp_path), 1).speak("bˈab", lambda fraction: None)

    consonant, vowel, _ = spoken.phones
    assert consonant.end_s - consonant.start_s == pytest.approx(2 * NUMBER_S)
    assert (vowel.start_s, vowel.end_s - vowel.start_s) == pytest.approx((consonant.end_s, 4 * NUMBER_S))


def test_the_sound_is_where_the_phones_are(tmp_path: Path) -> None:
    spoken = PiperSpeaker(write_piper(tmp_path), 1).speak("abc", lambda fraction: None)

    loud = np.flatnonzero(np.abs(spoken.samples) > 0.01) / spoken.rate
    assert loud[0] == pytest.approx(spoken.phones[0].start_s - 2 * NUMBER_S, abs=0.001)
    assert loud[-1] == pytest.approx(spoken.phones[-1].end_s + NUMBER_S, abs=0.001)


def test_a_voice_that_does_not_tell_its_lengths_gives_no_phones(tmp_path: Path) -> None:
    path = write_piper(tmp_path)
    network = onnx.load(str(path))
    for node in network.graph.node:
        node.output[:] = ["silent" if name == "/Ceil_output_0" else name for name in node.output]
    onnx.save(network, str(path))

    assert PiperSpeaker(path, 1).speak("abc", lambda fraction: None).phones == ()


def test_several_speakers_speak_with_the_first(tmp_path: Path) -> None:
    path = write_piper(tmp_path, num_speakers=2)
    network = onnx.load(str(path))
    network.graph.input.append(onnx.helper.make_tensor_value_info("sid", onnx.TensorProto.INT64, [1]))
    onnx.save(network, str(path))

    assert PiperSpeaker(path, 1).speak("abc", lambda fraction: None).phones


def test_phonemes_come_from_a_program_of_their_own_and_keep_the_punctuation(tmp_path: Path) -> None:
    program = _program(tmp_path, 'read -r text; echo "(en)$text(de)" | sed s/b/ə/')
    speaker = PiperSpeaker(write_piper(tmp_path, phoneme_type="espeak"), 1, program)

    spoken = speaker.speak("ab, a.", lambda fraction: None)

    assert [phone.symbol for phone in spoken.phones] == ["a", "ə", "a"]
    assert spoken.phones[2].start_s - spoken.phones[1].end_s >= 2 * NUMBER_S


def test_a_text_never_becomes_an_option_of_the_program(tmp_path: Path) -> None:
    program = _program(tmp_path, 'test "$#" = 5 && read -r text && test "$text" = "-f x" && echo a')

    spoken = PiperSpeaker(write_piper(tmp_path, phoneme_type="espeak"), 1, program).speak("-f x", lambda fraction: None)

    assert [phone.symbol for phone in spoken.phones] == ["a"]


def test_without_the_program_its_want_is_told(tmp_path: Path) -> None:
    speaker = PiperSpeaker(write_piper(tmp_path, phoneme_type="espeak"), 1, str(tmp_path / "none"))

    with pytest.raises(WeightsMissing, match="espeak-ng") as fault:
        speaker.speak("abc", lambda fraction: None)

    assert "Install" in fault.value.remedy


def test_a_program_that_fails_is_the_engines_fault(tmp_path: Path) -> None:
    speaker = PiperSpeaker(write_piper(tmp_path, phoneme_type="espeak"), 1, _program(tmp_path, "exit 1"))

    with pytest.raises(EngineFault, match="en-gb"):
        speaker.speak("abc", lambda fraction: None)


@pytest.mark.parametrize("text", ["...", "ЖЖЖ", ""])
def test_a_text_that_the_voice_cannot_read_is_refused_by_its_field(text: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia) as refusal:
        PiperSpeaker(write_piper(tmp_path), 1).speak(text, lambda fraction: None)

    assert refusal.value.field == "script"


def test_a_voice_that_fails_on_a_text_is_the_engines_fault(tmp_path: Path) -> None:
    path = write_piper(tmp_path)
    network = onnx.load(str(path))
    del network.graph.input[2:]
    onnx.save(network, str(path))

    with pytest.raises(EngineFault, match="cannot speak"):
        PiperSpeaker(path, 1).speak("abc", lambda fraction: None)


@pytest.mark.parametrize(
    "config",
    [{"phoneme_type": "pinyin"}, {"audio": 3}, {"phoneme_id_map": {"a": ["x"]}}, {"inference": {"noise_w": "a"}}],
)
def test_a_configuration_of_another_kind_is_refused(config: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="tiny"):
        PiperSpeaker(write_piper(tmp_path, **config), 1)


def test_a_damaged_network_is_refused(tmp_path: Path) -> None:
    path = write_piper(tmp_path)
    path.write_bytes(path.read_bytes()[:200])

    with pytest.raises(WeightsMissing, match="tiny"):
        PiperSpeaker(path, 1)


def test_a_missing_voice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="gone"):
        PiperSpeaker(tmp_path / "gone.onnx", 1)
