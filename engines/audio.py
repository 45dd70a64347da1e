"""Sound files: their exact length, and their samples as the engines hear them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from contracts.errors import UnreadableMedia
from contracts.jobs import Role
from engines.base import Speech, Waiting
from engines.containers import PACKET_FAULTS, check_decodable, check_sound, damaged, open_media, refuse, sniff

#: Rate at which speech is handed to engines.
SPEECH_RATE = 16_000

_FLOATING = frozenset({"flt", "fltp", "dbl", "dblp"})
#: Time stamps are rounded to the container's clock; where they leave more than this, packets were lost or never sent.
_GAP_S = 0.05
#: A leap of the time stamps beyond this is damage: nobody sends so much silence.
_LONGEST_GAP_S = 3600.0
#: How far beyond the limit the length is counted, for what is too long by rounding alone is no reason to refuse.
_BEYOND_S = 1.0


def read_speech(path: Path, field: str = "") -> Speech:
    """Read a sound file, or a video's sound, as one channel at 16 kHz.

    Raises:
        UnreadableMedia: when it holds no sound, none that can be decoded, or samples that are not numbers.
    """
    with open_media(path, Role.AUDIO, field) as container:
        sound = heard(container, audio_stream(container, path, field), field)
        parts = [_samples(frame) for frame in resampled(sound, "flt", "mono", SPEECH_RATE)]
    if not parts:
        raise damaged(sniff(path), field)
    samples = np.concatenate(parts)
    _check_finite(samples, field)
    return Speech(samples=np.clip(samples, -1, 1, out=samples), rate=SPEECH_RATE)


def shifted(speech: Speech, seconds: float) -> Speech:
    """The same voice, so much later: silence is put before it; or earlier: its beginning is left out.

    Its timings move along. What would lie before the output's start is cut off.
    """
    samples = round(seconds * speech.rate)
    if samples > 0:
        moved = np.concatenate([np.zeros(samples, np.float32), speech.samples])
    else:
        moved = speech.samples[-samples:]
    phones = tuple(
        replace(phone, start_s=max(phone.start_s + seconds, 0.0), end_s=phone.end_s + seconds)
        for phone in speech.phones
        if phone.end_s + seconds > 0
    )
    return replace(speech, samples=moved, phones=phones)


def audible_seconds(
    container: InputContainer, stream: AudioStream, field: str, most_s: float, waiting: Waiting
) -> float:
    """Exact length of a track, by decoding it: what containers declare may be a guess.

    Args:
        container: the open file.
        stream: its track.
        field: the request's field it came in, for error messages.
        most_s: counting stops soon after this: hours of silence fit into a few kilobytes.
        waiting: called for every packet.

    Raises:
        UnreadableMedia: when the time stamps make no sense, or samples are not numbers.
    """
    seconds = 0.0
    for frame in heard(container, stream, field, waiting):
        if frame.format.name in _FLOATING:
            _check_finite(frame.to_ndarray(), field)
        seconds += frame.samples / frame.sample_rate
        if seconds > most_s + _BEYOND_S:
            break
    return seconds


def audio_stream(container: InputContainer, path: Path, field: str) -> AudioStream:
    """The first sound track.

    Raises:
        UnreadableMedia: when there is none, or none that is read.
    """
    if not container.streams.audio:
        if container.streams.video:
            raise UnreadableMedia("the video has no sound", field=field, remedy="Send a file with speech in it.")
        raise refuse(Role.AUDIO, sniff(path), field)
    stream = container.streams.audio[0]
    check_decodable(stream, field)
    return stream


def heard(
    container: InputContainer, stream: AudioStream, field: str, waiting: Waiting = lambda: None
) -> Iterator[AudioFrame]:
    """Decode a track as a player plays it: from its first sample on, silent where its time stamps leave a gap.

    Silence comes as frames of one channel, of at most a second each.

    Raises:
        UnreadableMedia: when the time stamps leap by more than an hour.
    """
    end_s = 0.0
    for number, frame in enumerate(_decoded(container, stream, waiting)):
        check_sound(frame.sample_rate, frame.layout.nb_channels, field)
        gap_s = 0.0 if frame.time is None or not number else frame.time - end_s
        if gap_s > _GAP_S:
            yield from _silence(gap_s, frame.sample_rate, field)
        if frame.time is not None and (not number or abs(gap_s) > _GAP_S):
            end_s = frame.time
        end_s += frame.samples / frame.sample_rate
        yield frame


def resampled(
    frames: Iterable[AudioFrame], sample_format: str, layout: str | AudioLayout, rate: int
) -> Iterator[AudioFrame]:
    """Bring frames to one format, layout and rate, even where theirs change midway, as in files joined end to end.

    Raises:
        UnreadableMedia: when what the frames say of themselves makes no sense; it names no field.
        MemoryError: when there is too little for it.
    """
    try:
        yield from _resampled(frames, sample_format, layout, rate)
    except MemoryError:
        raise
    except av.FFmpegError as error:
        raise UnreadableMedia(
            "the sound cannot be decoded to its end", remedy="Play it to its end to check it, and export it again."
        ) from error


def _resampled(
    frames: Iterable[AudioFrame], sample_format: str, layout: str | AudioLayout, rate: int
) -> Iterator[AudioFrame]:
    resampler, shape = None, None
    for frame in frames:
        frame.pts = None
        if shape != (frame.format.name, frame.layout.name, frame.sample_rate):
            yield from [] if resampler is None else resampler.resample(None)
            resampler = av.AudioResampler(format=sample_format, layout=layout, rate=rate)
            shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is not None:
            yield from resampler.resample(frame)
    yield from [] if resampler is None else resampler.resample(None)


def _decoded(container: InputContainer, stream: AudioStream, waiting: Waiting) -> Iterator[AudioFrame]:
    """Decode a track, over damaged packets."""
    for packet in container.demux(stream):
        waiting()
        try:
            yield from packet.decode()
        except PACKET_FAULTS:
            continue


def _silence(seconds: float, rate: int, field: str) -> Iterator[AudioFrame]:
    if seconds > _LONGEST_GAP_S:
        raise UnreadableMedia(
            f"the sound has a gap of {seconds:.0f} s in its time stamps",
            field=field,
            remedy="Play it to its end to check it, and export it again.",
        )
    rest = round(seconds * rate)
    while rest > 0:
        frame = AudioFrame.from_ndarray(np.zeros((1, min(rest, rate)), np.float32), "flt", "mono")
        frame.sample_rate = rate
        rest -= frame.samples
        yield frame


def _check_finite(samples: "NDArray[np.generic]", field: str) -> None:
    if not np.isfinite(samples).all():
        raise UnreadableMedia(
            "the sound holds samples that are not numbers", field=field, remedy="Export it again from its source."
        )


def _samples(frame: AudioFrame) -> NDArray[np.float32]:
    return frame.to_ndarray().reshape(-1).astype(np.float32, copy=False)
