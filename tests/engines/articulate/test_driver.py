"""The driver: a voice in, the mouth's movement out."""

import wave
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from contracts.errors import UnreadableMedia
from engines.articulate.driver import RATE_HZ, Articulation, SpeechDriver, sample_at
from engines.articulate.motion import Acting, Manner, commands
from engines.articulate.phones import PHONES
from engines.base import HEARD, TimedPhone
from engines.samples import Samples, resample

pytestmark = pytest.mark.unit

RATE = 16_000
SAMPLES = Path(__file__).resolve().parents[3] / "samples"


@pytest.fixture(scope="module")
def driver() -> SpeechDriver:
    torch.set_num_threads(1)
    return SpeechDriver(torch.device("cpu"))


@pytest.fixture(scope="module")
def voice() -> Samples:
    with wave.open(str(SAMPLES / "voice-austen.wav")) as reader:
        samples = np.frombuffer(reader.readframes(reader.getnframes()), np.int16)
    return (samples / 32768).astype(np.float32)


def pause(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), np.float32)


def hiss(seconds: float, level_db: float) -> Samples:
    noise = np.random.default_rng(3).standard_normal(int(seconds * RATE))
    return (noise * 10 ** (level_db / 20)).astype(np.float32)


def hum(seconds: float) -> Samples:
    moments = np.arange(int(seconds * RATE)) / RATE
    harmonics = [np.sin(2 * np.pi * 50 * order * moments) / order for order in range(1, 6)]
    return np.asarray(0.1 * np.sum(harmonics, 0), np.float32)


def at_rest(mouth: Articulation) -> bool:
    return bool(mouth.activity.max() < 0.05 and mouth.opening.max() < 0.05)


def test_speech_moves_the_mouth(driver: SpeechDriver, voice: Samples) -> None:
    mouth = driver.articulate(voice, RATE)
    assert mouth.activity.mean() > 0.6
    assert np.percentile(mouth.opening, 95) > 0.5
    assert mouth.opening.min() < 0.02
    assert np.ptp(mouth.width) > 0.5


def test_tracks_are_of_one_length_and_in_range(driver: SpeechDriver, voice: Samples) -> None:
    mouth = asdict(driver.articulate(voice, RATE))
    for name, track in mouth.items():
        assert track.dtype == np.float32, name
        assert track.shape == (len(voice) * RATE_HZ // RATE + 1,), name
        assert track.min() >= (-1 if name == "width" else 0), name
        assert track.max() <= 1, name


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.1, 2.0])
def test_the_mouth_rests_in_digital_silence(driver: SpeechDriver, seconds: float) -> None:
    assert at_rest(driver.articulate(pause(seconds), RATE))


def test_the_mouth_rests_in_a_faint_hiss(driver: SpeechDriver) -> None:
    assert at_rest(driver.articulate(hiss(3.0, -50), RATE))


def test_the_mouth_rests_in_a_loud_hiss_and_in_hum(driver: SpeechDriver) -> None:
    assert at_rest(driver.articulate(hiss(3.0, -20), RATE))
    assert at_rest(driver.articulate(hum(3.0), RATE))


def test_the_mouth_rests_in_an_offset(driver: SpeechDriver) -> None:
    assert at_rest(driver.articulate(np.full(RATE, 0.4, np.float32), RATE))


def test_the_mouth_rests_before_and_after_speech(driver: SpeechDriver, voice: Samples) -> None:
    padded = (
        np.concatenate([pause(1.0), voice, pause(1.0)]) + hiss(2.0 + len(voice) / RATE, -65)[: len(voice) + 2 * RATE]
    )
    mouth = driver.articulate(padded, RATE)
    quiet = np.concatenate([mouth.opening[:80], mouth.opening[-80:]])
    assert quiet.max() < 0.05
    assert np.abs(mouth.activity[:80]).max() < 0.05


def test_speech_moves_the_mouth_the_same_way_between_silences(driver: SpeechDriver, voice: Samples) -> None:
    alone = driver.articulate(voice, RATE).opening
    padded = driver.articulate(np.concatenate([pause(1.0), voice, pause(1.0)]), RATE).opening[100:-100]
    assert np.corrcoef(alone, padded)[0, 1] > 0.97


def test_signs_of_life_come_all_along_a_long_voice_and_can_stop_the_work(driver: SpeechDriver) -> None:
    beats: list[int] = []

    def stop_at_second() -> None:
        beats.append(len(beats))
        if len(beats) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        driver.articulate(hiss(40.0, -20), RATE, (), stop_at_second)


@pytest.mark.parametrize("gain", [0.05, 0.3])
def test_loudness_does_not_matter(driver: SpeechDriver, voice: Samples, gain: float) -> None:
    loud, soft = (driver.articulate(voice * factor, RATE) for factor in (1.0, gain))
    assert np.abs(loud.opening - soft.opening).max() < 0.05


def test_an_offset_does_not_matter(driver: SpeechDriver, voice: Samples) -> None:
    plain, shifted = (driver.articulate(voice + offset, RATE) for offset in (0.0, 0.2))
    assert np.abs(plain.opening - shifted.opening).max() < 0.05


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_the_rate_does_not_matter(driver: SpeechDriver, voice: Samples, rate: int) -> None:
    expected = driver.articulate(voice, RATE).opening
    opening = driver.articulate(resample(voice, RATE, rate), rate).opening
    assert abs(len(opening) - len(expected)) <= 1
    shared = min(len(opening), len(expected))
    assert np.corrcoef(opening[:shared], expected[:shared])[0, 1] > 0.98


def test_a_long_recording_is_heard_in_pieces_without_seams(driver: SpeechDriver, voice: Samples) -> None:
    long = np.concatenate([voice] * 12)
    mouth = driver.articulate(long, RATE)
    period = len(voice) * RATE_HZ / RATE
    before, across = (mouth.opening[round(at) : round(at) + 550] for at in (4 * period, 9 * period))
    assert len(long) > 65 * RATE
    assert np.corrcoef(before, across)[0, 1] > 0.97


def test_samples_that_are_not_numbers_are_refused(driver: SpeechDriver) -> None:
    with pytest.raises(UnreadableMedia):
        driver.articulate(np.full(RATE, np.nan, np.float32), RATE)


def test_the_same_voice_gives_the_same_movement(driver: SpeechDriver, voice: Samples) -> None:
    first, second = (driver.articulate(voice, RATE) for _ in range(2))
    assert np.array_equal(first.opening, second.opening)


def test_tracks_are_read_between_their_frames_and_hold_at_their_ends() -> None:
    track = np.array([0.0, 1.0, 0.0], np.float32)
    assert sample_at(track, np.array([-1.0, 0.005, 0.01, 0.5])).tolist() == [0.0, 0.5, 1.0, 0.0]


@pytest.mark.parametrize("symbol", [phone for phone in PHONES if phone])
@pytest.mark.parametrize("start_s", [0.5, 0.513, 0.527])
def test_the_lips_of_the_first_sound_are_there_with_it(driver: SpeechDriver, symbol: str, start_s: float) -> None:
    bounds = np.cumsum([start_s, 0.09, 0.11, 0.07, 0.13])
    said = [
        TimedPhone(symbol=heard, start_s=start, end_s=end)
        for heard, start, end in zip((symbol, "ɑ", "t", "ɑ"), bounds, bounds[1:], strict=False)
    ]
    mouth = driver.articulate(pause(3.0), RATE, said)
    frames, fps = 75, 25.0
    poses = commands(
        mouth,
        fps,
        np.full(frames, 0.6, np.float32),
        np.ones(frames, np.float32),
        [Manner(range=0.15, rest_gap=0.0)],
        np.zeros(frames, np.int32),
        Acting(variation=np.ones(frames, np.float32)),
    )
    moved = np.abs(poses[:, :5] - poses[0, :5]) / (0.15, 0.1, 1, 1, 1)
    times_s = (np.arange(frames) + 0.5) / fps
    sounding = (times_s > start_s) & (times_s < start_s + 0.09)
    track = moved[:, moved[sounding].max(0).argmax()]
    half = track[sounding].max() / 2
    late = int(np.argmax(track >= half))
    reached_s = np.interp(half, track[late - 1 : late + 1], times_s[late - 1 : late + 1])

    assert abs(reached_s - start_s) < 0.05


def gaps_of(mouth: Articulation, seconds: float, fps: float) -> Samples:
    frames = round(seconds * fps)
    own, strength, who = np.full(frames, 0.6, np.float32), np.ones(frames, np.float32), np.zeros(frames, np.int32)
    acting = Acting(variation=np.ones(frames, np.float32))
    return commands(mouth, fps, own, strength, [Manner(range=0.15, rest_gap=0.0)], who, acting)[:, 0]


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
@pytest.mark.parametrize("vowel_s", [0.06, 0.09])
def test_short_vowels_and_the_closures_between_them_are_seen_at_any_frame_rate(
    driver: SpeechDriver, fps: float, vowel_s: float
) -> None:
    bounds = np.cumsum([0.5] + [0.07, vowel_s] * 12)
    said = [
        TimedPhone(symbol=symbol, start_s=start, end_s=end)
        for symbol, start, end in zip("mɑ" * 12, bounds, bounds[1:], strict=False)
    ]
    gaps = gaps_of(driver.articulate(pause(3.0), RATE, said), 3.0, fps)
    times_s = (np.arange(len(gaps)) + 0.5) / fps
    spans = list(pairwise(bounds))[2:-1]
    seen = [gaps[np.abs(times_s - (start + end) / 2) <= 0.5 / fps + 1e-6] for start, end in spans]

    assert max(gap.min() for gap in seen[::2]) < 0.03
    assert min(gap.max() for gap in seen[1::2]) > (0.01 if vowel_s < 0.08 else 0.07)


def test_known_timings_leave_the_mouth_at_rest_before_and_after(driver: SpeechDriver) -> None:
    said = [TimedPhone(symbol="ɑ", start_s=1.0, end_s=1.3)]
    mouth = driver.articulate(pause(3.0), RATE, said)

    assert mouth.opening.shape == (301,)
    assert mouth.opening[115] > 0.8
    assert max(mouth.opening[:80].max(), mouth.opening[157:].max()) < 0.01


def test_where_phones_are_left_to_be_heard_the_voice_moves_the_mouth_and_elsewhere_the_phones(
    driver: SpeechDriver, voice: Samples
) -> None:
    voice = voice[: 3 * RATE]
    given = (
        TimedPhone(symbol="m", start_s=0.0, end_s=1.0),
        TimedPhone(symbol=HEARD, start_s=1.0, end_s=2.0),
        TimedPhone(symbol="ɑ", start_s=2.0, end_s=3.0),
    )

    mixed, heard = driver.articulate(voice, RATE, given), driver.articulate(voice, RATE)
    known = driver.articulate(voice, RATE, (given[0], given[2]))

    first, middle, last = slice(0, 70), slice(125, 175), slice(230, 300)
    assert np.allclose(mixed.opening[first], known.opening[first], atol=0.02)
    assert np.allclose(mixed.opening[last], known.opening[last], atol=0.02)
    assert np.corrcoef(mixed.opening[middle], heard.opening[middle])[0, 1] > 0.95
    assert np.abs(mixed.opening[middle] - known.opening[middle]).mean() > 0.1


def test_a_pause_within_what_is_left_to_be_heard_leaves_the_mouth_at_rest(driver: SpeechDriver, voice: Samples) -> None:
    sound = np.concatenate([voice[:RATE], pause(2.0), voice[RATE : 2 * RATE]])
    mouth = driver.articulate(sound, RATE, (TimedPhone(symbol=HEARD, start_s=0.0, end_s=4.0),))

    assert mouth.activity[130:270].max() < 0.05
    assert mouth.activity[:80].mean() > 0.6
