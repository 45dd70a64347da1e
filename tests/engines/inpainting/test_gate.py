import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import UnreadableMedia
from engines.base import HEARD, Speech, TimedPhone
from engines.inpainting.gate import RATE_HZ, gated

pytestmark = pytest.mark.unit


def _voice(rate: int = RATE_HZ) -> NDArray[np.float32]:
    """Hiss for two seconds, a loud tone for one, hiss for two."""
    samples = np.random.default_rng(2).normal(0, 0.001, 5 * rate)
    samples[2 * rate : 3 * rate] += 0.3 * np.sin(np.arange(rate) * 2 * np.pi * 200 / rate)
    return samples.astype(np.float32)


def _loud(heard: NDArray[np.float32], start_s: float, end_s: float) -> float:
    return float(np.abs(heard[int(start_s * RATE_HZ) : int(end_s * RATE_HZ)]).max())


def test_hiss_between_words_becomes_nothing_and_words_stay() -> None:
    heard = gated(Speech(samples=_voice(), rate=RATE_HZ))
    assert _loud(heard, 0, 1.5) == 0
    assert _loud(heard, 3.5, 5) == 0
    voice = _voice()
    np.testing.assert_allclose(heard[33000:47000], (voice - voice.mean())[33000:47000], atol=1e-4)


def test_any_rate_comes_out_at_sixteen_kilohertz() -> None:
    assert len(gated(Speech(samples=_voice(44_100), rate=44_100))) == 5 * RATE_HZ


def test_what_is_known_to_be_said_is_heard_however_faint() -> None:
    heard = gated(Speech(samples=_voice(), rate=RATE_HZ, phones=(TimedPhone(symbol="a", start_s=0.5, end_s=1.0),)))
    assert _loud(heard, 0.5, 1.0) > 0
    assert _loud(heard, 2, 5) == 0


def test_where_the_words_are_not_known_loudness_tells() -> None:
    heard = gated(Speech(samples=_voice(), rate=RATE_HZ, phones=(TimedPhone(symbol=HEARD, start_s=0.5, end_s=4.5),)))
    assert _loud(heard, 0, 1.5) == 0
    assert _loud(heard, 2.2, 2.8) > 0.25


def test_silence_stays_silence() -> None:
    assert not gated(Speech(samples=np.zeros(RATE_HZ, np.float32), rate=RATE_HZ)).any()
    assert not len(gated(Speech(samples=np.zeros(0, np.float32), rate=RATE_HZ)))


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(UnreadableMedia):
        gated(Speech(samples=np.full(100, np.nan, np.float32), rate=RATE_HZ))
