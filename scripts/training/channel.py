"""What lies between a mouth and a sound file: another throat, a room, noise, a microphone, a codec.

Every function takes and gives float32 mono (N,) at the network's rate and keeps the timing.
"""

import numpy as np
from numpy.typing import NDArray

from engines.articulate.speech_encoder import SAMPLE_RATE

Samples = NDArray[np.float32]


def pass_through(speech: Samples, rng: np.random.Generator) -> Samples:
    """Send speech through a random channel: room, equaliser, compression, noise, band limit, level."""
    heard = speech / (np.abs(speech).max() + 1e-6)
    for step, chance in (
        (_in_a_room, 0.45),
        (_equalised, 0.8),
        (_overdriven, 0.15),
        (_noisy, 0.65),
        (_band_limited, 0.3),
        (_gated, 0.15),
        (_coarse, 0.1),
    ):
        if rng.random() < chance:
            heard = step(heard, rng)
    return _float(heard / (np.abs(heard).max() + 1e-6) * rng.uniform(0.05, 0.95))


def noise(count: int, rng: np.random.Generator) -> Samples:
    """Sound without speech, of root mean square 1: hiss, rumble, hum, a chord or knocks."""
    makers = (_coloured, _coloured, _hum, _chord, _knocks)
    sound = makers[rng.integers(len(makers))](count, rng)
    return _float(sound / (np.sqrt(np.square(sound).mean()) + 1e-9))


def _float(sound: NDArray[np.floating]) -> Samples:
    return np.asarray(sound, np.float32)


def _convolve(sound: Samples, response: Samples) -> Samples:
    size = 1 << (len(sound) + len(response) - 2).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(response, size)
    return _float(np.fft.irfft(spectrum, size)[: len(sound)])


def _in_a_room(sound: Samples, rng: np.random.Generator) -> Samples:
    length = int(SAMPLE_RATE * rng.uniform(0.05, 0.45))
    tail = rng.standard_normal(length) * np.exp(-np.arange(length) / (length / rng.uniform(4, 7)))
    tail *= rng.uniform(0.05, 0.9) / (np.sqrt(np.square(tail).sum()) + 1e-9)
    tail[0] = 1.0
    return _convolve(sound, tail.astype(np.float32))


def _equalised(sound: Samples, rng: np.random.Generator) -> Samples:
    gains = np.exp(np.interp(np.linspace(0, 1, 129), np.linspace(0, 1, 9), rng.normal(0, 0.7, 9)))
    gains *= np.exp(rng.normal(0, 0.5) * np.linspace(-1, 1, 129))
    response = np.roll(np.fft.irfft(gains), 128) * np.hanning(256)
    return np.roll(_convolve(sound, response.astype(np.float32)), -128)


def _overdriven(sound: Samples, rng: np.random.Generator) -> Samples:
    drive = rng.uniform(1.5, 6)
    return _float(np.tanh(sound * drive))


def _noisy(sound: Samples, rng: np.random.Generator) -> Samples:
    below = 10 ** (-rng.uniform(6, 40) / 20)
    speech_level = np.sqrt(np.square(sound).mean())
    return sound + noise(len(sound), rng) * np.float32(speech_level * below)


def _band_limited(sound: Samples, rng: np.random.Generator) -> Samples:
    low = rng.choice([0, 80, 300])
    high = rng.choice([3400, 4000, 5500, 7000])
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    passed = 1 / (1 + (hertz / high) ** 16) * (1 - 1 / (1 + (hertz / (low + 1e-3)) ** 8))
    return _float(np.fft.irfft(spectrum * passed, len(sound)))


def _gated(sound: Samples, rng: np.random.Generator) -> Samples:
    """Drop what is quiet in its band, as noise suppressors and low bit rates do."""
    size = 512
    window = np.hanning(size)
    padded = np.pad(sound, (size, 2 * size))
    starts = np.arange(0, len(padded) - size, size // 2)
    spectra = np.fft.rfft(np.stack([padded[start : start + size] * window for start in starts]))
    power = np.abs(spectra)
    spectra[power < power.max(1, keepdims=True) * rng.uniform(0.003, 0.02)] = 0
    out = np.zeros_like(padded)
    for start, block in zip(starts, np.fft.irfft(spectra, size), strict=True):
        out[start : start + size] += block
    return _float(out[size : size + len(sound)])


def _coarse(sound: Samples, rng: np.random.Generator) -> Samples:
    """Eight-bit mu-law, as on a telephone (ITU-T G.711)."""
    loud = np.clip(sound / (np.abs(sound).max() + 1e-6), -1, 1)
    steps = np.round(np.sign(loud) * np.log1p(255 * np.abs(loud)) / np.log(256) * 127) / 127
    return _float(np.sign(steps) * (256 ** np.abs(steps) - 1) / 255)


def _coloured(count: int, rng: np.random.Generator) -> Samples:
    spectrum = np.fft.rfft(rng.standard_normal(count))
    slope = rng.uniform(0, 2)
    spectrum *= (np.arange(len(spectrum)) + 20.0) ** (-slope / 2)
    return _float(np.fft.irfft(spectrum, count))


def _hum(count: int, rng: np.random.Generator) -> Samples:
    seconds = np.arange(count) / SAMPLE_RATE
    mains = rng.choice([50, 60])
    parts = [rng.uniform(0, 1) / order * np.sin(2 * np.pi * mains * order * seconds) for order in range(1, 9)]
    return _float(np.sum(parts, 0) + 0.05 * rng.standard_normal(count))


def _chord(count: int, rng: np.random.Generator) -> Samples:
    """Notes of random length one after another, each a few harmonics: music, roughly."""
    sound = np.zeros(count, np.float32)
    start = 0
    while start < count:
        length = int(SAMPLE_RATE * rng.uniform(0.15, 0.8))
        seconds = np.arange(min(length, count - start)) / SAMPLE_RATE
        for pitch in rng.choice([110, 131, 165, 196, 220, 262, 330, 392, 440, 523], rng.integers(1, 4)):
            for order in range(1, 6):
                sound[start : start + length] += (
                    np.sin(2 * np.pi * pitch * order * seconds) * np.exp(-3 * seconds) / order
                )
        start += length
    return sound


def _knocks(count: int, rng: np.random.Generator) -> Samples:
    sound = 0.02 * rng.standard_normal(count)
    for _ in range(1 + count // SAMPLE_RATE):
        start = int(rng.integers(0, count))
        length = min(int(SAMPLE_RATE * rng.uniform(0.005, 0.06)), count - start)
        decay = np.exp(-np.arange(length) / max(1.0, length / 5))
        sound[start : start + length] += rng.standard_normal(length) * decay
    return _float(sound)
