"""The finished file: segments joined and the sound as it came, neither encoded again if that can be helped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from contracts.jobs import Role
from engines.audio import audio_stream, heard, resampled
from engines.base import Report
from engines.containers import open_media

#: Codecs that players accept inside MP4; all other sound is encoded as AAC.
_COPIED = frozenset({"aac", "mp3", "opus"})
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_AAC_BITS_PER_CHANNEL = 128_000
#: Frames that x264 decodes ahead of those it shows; a segment of one or two frames alone would have no such lead.
_DECODED_AHEAD = 2
_OUTPUT = {"movflags": "+faststart", "fflags": "+bitexact"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The finished file's length and size."""

    duration_s: float
    size_bytes: int


def publish(
    segments: Sequence[Path], audio: Path, duration_s: float, out: Path, report: Report, field: str = ""
) -> Published:
    """Join segments in order by copying their packets, and add the sound: copied where MP4 players take it.

    Args:
        segments: files by `engines.encode.encode_segment`, at least one.
        audio: the sound of the output; its first audible sample meets the first frame.
        duration_s: length of the segments together; sound beyond it is cut off.
        out: the MP4 file to write, with its index first, for playing while it loads.
        report: progress and cancellation.
        field: the request's field the sound came in, for error messages.

    Raises:
        UnreadableMedia: when the sound cannot be read.
    """
    with (
        open_media(audio, Role.AUDIO, field) as sound,
        av.open(str(segments[0]), "r", format="mov") as first,
        av.open(str(out), "w", format="mp4", options=_OUTPUT) as container,
    ):
        pictures = container.add_stream_from_template(first.streams.video[0])
        track = _sound_track(container, audio_stream(sound, audio, field), field)
        packets = track.packets(sound, duration_s)
        waiting = next(packets, None)
        for packet in _joined(segments, pictures, report):
            while waiting is not None and _seconds(waiting) <= _seconds(packet):
                container.mux(waiting)
                waiting = next(packets, None)
            container.mux(packet)
        for rest in [] if waiting is None else [waiting, *packets]:
            container.mux(rest)
    report(1.0)
    return Published(duration_s=duration_s, size_bytes=out.stat().st_size)


def _joined(segments: Sequence[Path], stream: VideoStream, report: Report) -> Iterator["Packet[VideoStream]"]:
    """Packets of all segments, each segment's times moved behind the one before."""
    start = Fraction(0)
    for number, segment in enumerate(segments):
        report(number / len(segments))
        with av.open(str(segment), "r", format="mov") as container:
            source = container.streams.video[0]
            time_base = source.time_base or Fraction(1)
            end = 0
            for place, packet in enumerate(container.demux(source)):
                if packet.pts is None or packet.duration is None:
                    continue
                end = max(end, packet.pts + packet.duration)
                packet.pts += int(start / time_base)
                packet.dts = int(start / time_base) + (place - _DECODED_AHEAD) * packet.duration
                packet.stream = stream
                yield packet
            start += end * time_base


def _seconds(packet: "Packet[AudioStream] | Packet[VideoStream]") -> Fraction:
    return (packet.dts or 0) * packet.time_base


def _sound_track(container: OutputContainer, source: AudioStream, field: str) -> "_Copied | _Encoded":
    if source.codec_context.name in _COPIED or source.codec_context.name.startswith("mp3"):
        return _Copied(container.add_stream_from_template(source), source)
    rate = next((r for r in _AAC_RATES if r == source.rate), 48000)
    stream = container.add_stream("aac", rate=rate)
    stream.layout = "mono" if source.channels == 1 else "stereo"
    stream.bit_rate = _AAC_BITS_PER_CHANNEL * stream.channels
    return _Encoded(stream, source, field)


class _Copied:
    """A track whose packets are passed on as they are."""

    def __init__(self, stream: AudioStream, source: AudioStream) -> None:
        self._stream = stream
        self._source = source

    def packets(self, container: InputContainer, duration_s: float) -> Iterator["Packet[AudioStream]"]:
        """Packets up to `duration_s`, the first audible sample at 0: priming comes before it, at negative times."""
        time_base = self._source.time_base or Fraction(1)
        start = self._source.start_time or 0
        for packet in container.demux(self._source):
            if packet.pts is None or not packet.size:
                continue
            packet.pts -= start
            packet.dts = packet.pts
            rest = round(duration_s / time_base) - packet.pts
            if rest <= 0:
                return
            packet.duration = min(packet.duration or rest, rest)
            packet.stream = self._stream
            yield packet


class _Encoded:
    """A track encoded as AAC at its own rate; more than two channels are mixed down to two."""

    def __init__(self, stream: AudioStream, source: AudioStream, field: str) -> None:
        self._stream = stream
        self._source = source
        self._field = field

    def packets(self, container: InputContainer, duration_s: float) -> Iterator["Packet[AudioStream]"]:
        """Packets of the samples up to `duration_s`."""
        position, end = 0, round(duration_s * self._stream.rate)
        sound = heard(container, self._source, self._field)
        for frame in resampled(sound, "fltp", self._stream.layout, self._stream.rate):
            part = _first_samples(frame, end - position)
            part.pts, part.time_base = position, Fraction(1, self._stream.rate)
            position += part.samples
            yield from self._stream.encode(part)
            if position >= end:
                break
        yield from self._stream.encode(None)


def _first_samples(frame: AudioFrame, samples: int) -> AudioFrame:
    if frame.samples <= samples:
        return frame
    planes = np.ascontiguousarray(frame.to_ndarray()[:, :samples], dtype=np.float32)
    cut = AudioFrame.from_ndarray(planes, frame.format.name, frame.layout.name)
    cut.rate = frame.rate
    return cut
