"""Frames of a video by number: upright, at the wanted size, in any order, in constant memory.

A frame's number is its place in the order of presentation times, which are gathered without decoding. What is shown
at a number is therefore the same whether the frame was reached from the file's start or by seeking.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from contracts.errors import MediaTooLarge, MediaTooLong, UnreadableMedia
from contracts.jobs import Role
from engines.base import Frame, Waiting
from engines.clock import Clock
from engines.containers import PACKET_FAULTS, check_decodable, damaged, open_media, refuse, sniff
from engines.pixels import Rgb, layout_of

#: The index of so many frames takes 100 MB, and a second to sort.
_MOST_FRAMES = 500_000
#: Uncompressed, a picture of 4096 x 4096 has about so many bytes: each frame of a stream is held whole.
_MOST_FRAME_BYTES = 64 << 20
#: Mean bits of pictures a second: 4K of ProRes at 30 frames, and Full HD without any compression, have less.
MOST_BITS_PER_S = 1_000_000_000
_MAX_RATE = Fraction(60)
#: Pictures that come more slowly are a slide show; lips on them move at the default rate.
_LEAST_RATE, _DEFAULT_RATE = Fraction(10), Fraction(25)
#: Frames held at once, as they are stored, while a descending run is turned round: few, and each chunk decodes from its
#: keyframe again.
_REVERSE_BYTES = 128 << 20
_REVERSE_LEAST = 16
#: A jump ahead of more frames than this seeks instead of decoding through.
_SEEK_AHEAD = 64

Place = Callable[[], Frame]


class VideoSource:
    """A video file as numbered frames.

    Args:
        path: a local file of an accepted container.
        field: the request's field it came in, for error messages.
        waiting: called for every packet: on the way to a frame there may be many more than are shown.
        clock: as an earlier `VideoSource` of the same file found it; else the whole file is read for it.

    Attributes:
        clock: when each frame is shown, in the file's own ticks.
        tick_s: how long one of these is.
        fps: nominal frame rate, 10 to 60.
        times_s: float64 (N,), when each frame is shown, from 0 on.
        duration_s: when the last frame ends.

    Raises:
        UnreadableMedia: when the file is no video, holds no picture track, or cannot be decoded.
        MediaTooLarge: when a frame has too many pixels or bytes, or a second too many bits.
        MediaTooLong: when it has too many frames.
    """

    def __init__(
        self, path: Path, field: str = "", waiting: Waiting = lambda: None, clock: Clock | None = None
    ) -> None:
        self._path = path
        self._field = field
        self._waiting = waiting
        self.clock = clock or self._gathered()
        with self._open() as container:
            track = self._track(container)
            first = next(track.decoded(), None)
            if first is None:
                raise self._damaged()
            stream = track.stream
            self._stored_bytes = sum(plane.buffer_size for plane in first.planes)
            self._layout = layout_of(first, stream.codec_context.name, stream.sample_aspect_ratio)
            self.fps = _nominal_rate(stream)
            self.tick_s = float(_tick_s(stream, counted=self.clock.counted))
        self.times_s = (self.clock.ticks - self.clock.ticks[0]) * self.tick_s
        self.duration_s = float(self.times_s[-1]) + (self.clock.last_ticks * self.tick_s or float(1 / self.fps))

    def _gathered(self) -> Clock:
        with self._open() as container:
            track = self._track(container)
            clock = _read_clock(track)
            if not len(clock.ticks):
                raise self._damaged()
            _check_bits(clock, track.stream, self._field)
        return clock

    @property
    def size(self) -> tuple[int, int]:
        """Upright width and height in pixels, with square pixels."""
        return self._layout.size

    def __len__(self) -> int:
        return len(self.clock.ticks)

    def frames_at(
        self,
        numbers: Sequence[int] | NDArray[np.int32],
        size: tuple[int, int],
        waiting: Waiting | None = None,
        place: Place | None = None,
    ) -> Iterator[Frame]:
        """Yield the frame of each number in turn; a run of one number, or of neighbours, costs one decode each.

        Args:
            numbers: frame numbers in any order; long ascending and descending runs are fast.
            size: width and height of the frames yielded.
            waiting: called for every packet here, instead of the source's own.
            place: gives the array (height, width, 3) that the next picture is to lie in, if not one of its own; one
                that is shown again at once stays where it is.
        """
        chunk = max(_REVERSE_LEAST, _REVERSE_BYTES // self._stored_bytes)
        with self._open() as container:
            cursor = _Cursor(self._track(container, waiting), self.clock, Rgb(size, self._layout), place)
            for run in _runs(np.asarray(numbers, dtype=np.int64), chunk):
                if len(run) > 1 and run[0] > run[-1]:
                    found = [cursor.find(int(number)) for number in run[::-1]]
                    while found:
                        yield cursor.show(found.pop())
                else:
                    yield from (cursor.show(cursor.find(int(number))) for number in run)

    def _open(self) -> InputContainer:
        return open_media(self._path, Role.VIDEO, self._field)

    def _track(self, container: InputContainer, waiting: Waiting | None = None) -> "_Track":
        covers = av.stream.Disposition.attached_pic
        for stream in container.streams.video:
            if not stream.disposition & covers:
                check_decodable(stream, self._field)
                stream.thread_type = "AUTO"
                stream.thread_count = 2
                return _Track(container, stream, waiting or self._waiting, self._field)
        raise refuse(Role.VIDEO, sniff(self._path), self._field)

    def _damaged(self) -> UnreadableMedia:
        return damaged(sniff(self._path), self._field)


@dataclass(frozen=True, slots=True)
class _Track:
    """The pictures of an open file, of the request's `field`; `waiting` is called for every packet."""

    container: InputContainer
    stream: VideoStream
    waiting: Waiting
    field: str

    def packets(self) -> Iterator["Packet[VideoStream]"]:
        """Packets on from where the container stands."""
        for packet in self.container.demux(self.stream):
            self.waiting()
            yield packet

    def decoded(self) -> Iterator[VideoFrame]:
        """Decode on from where the container stands, over damaged packets."""
        for packet in self.packets():
            try:
                yield from packet.decode()
            except PACKET_FAULTS:
                continue


def _decoded(track: _Track, clock: Clock) -> Iterator[tuple[int, VideoFrame]]:
    """Decode on from where the container stands, each frame with its tick."""
    for number, frame in enumerate(track.decoded()):
        yield (number if clock.counted or frame.pts is None else frame.pts), frame


#: A frame as it left the decoder, and its tick.
_Stored = tuple[int, VideoFrame]


class _Cursor:
    """A decoder that stands on one frame and moves to another by decoding on or by seeking."""

    def __init__(self, track: _Track, clock: Clock, convert: Rgb, place: Place | None) -> None:
        self._track = track
        self._clock = clock
        self._convert = convert
        self._place = place
        self._number = 0
        self._picture: tuple[int, Frame] | None = None
        self._restart()

    def _restart(self) -> None:
        """Take up decoding where the container now stands."""
        self._frames = _decoded(self._track, self._clock)
        self._shown = next(self._frames, None)
        self._ahead: _Stored | None = None

    def find(self, number: int) -> _Stored:
        """The last frame presented at or before that of `number`, for some may be damaged and missing."""
        wanted = int(self._clock.ticks[number])
        if number < self._number or number - self._number > _SEEK_AHEAD:
            self._seek(wanted)
        self._number = number
        self._advance(wanted)
        if self._shown is None:
            raise _undecodable(self._track.field)
        return self._shown

    def show(self, stored: _Stored) -> Frame:
        """The picture of a frame that was found."""
        tick, frame = stored
        if self._picture is None or self._picture[0] != tick:
            self._picture = (tick, self._convert(frame, self._place and self._place()))
        return self._picture[1]

    def _advance(self, wanted: int) -> None:
        while self._shown is not None and self._shown[0] < wanted:
            following = self._ahead or next(self._frames, None)
            if following is None or following[0] > wanted:
                self._ahead = following
                return
            self._shown, self._ahead = following, None

    def _seek(self, wanted: int) -> None:
        ticks_per_s = int(1 / (self._track.stream.time_base or Fraction(1, 1000)))
        for target in self._clock.seek_targets(wanted, ticks_per_s):
            try:
                self._track.container.seek(target, stream=self._track.stream)
            except MemoryError:
                raise
            except av.FFmpegError as error:
                raise _undecodable(self._track.field) from error
            self._restart()
            if self._shown is not None and self._shown[0] <= wanted:
                return


def _undecodable(field: str) -> UnreadableMedia:
    return UnreadableMedia(
        "the video cannot be decoded to its end",
        field=field,
        remedy="Play it to its end to check it, and export it again.",
    )


def _read_clock(track: _Track) -> Clock:
    """Gather presentation times from the packets, without decoding them."""
    shown: dict[int, int] = {}
    counted = track.container.format.name == "avi"
    packed_bytes = 0
    try:
        for packet in track.packets():
            if packet.size and not packet.is_discard:
                _check_count(len(shown), packet.size, track.field)
                packed_bytes += packet.size
                counted |= packet.pts is None
                shown[len(shown) if counted or packet.pts is None else packet.pts] = packet.duration or 0
    except MemoryError:
        raise
    except av.FFmpegError:
        pass  # cut short: what came before is still shown
    ticks = np.array(range(len(shown)) if counted else sorted(shown), dtype=np.int64)
    last_ticks = shown[int(ticks[-1])] if len(ticks) and not counted else 1
    return Clock(ticks=ticks, last_ticks=last_ticks, counted=counted, packed_bytes=packed_bytes)


def _check_count(frames: int, frame_bytes: int, field: str) -> None:
    if frames >= _MOST_FRAMES:
        raise MediaTooLong(f"more than {_MOST_FRAMES} frames", field=field, remedy="Cut it, or lower its frame rate.")
    if frame_bytes > _MOST_FRAME_BYTES:
        raise MediaTooLarge(
            f"a frame of {frame_bytes} bytes, more than {_MOST_FRAME_BYTES}", field=field, remedy="Compress it more."
        )


def _check_bits(clock: Clock, stream: VideoStream, field: str) -> None:
    """Hold the mean rate against the limit; a clip of less than a second counts as one."""
    ticks = int(clock.ticks[-1] - clock.ticks[0]) + clock.last_ticks
    seconds = max(float(ticks * _tick_s(stream, counted=clock.counted)), 1.0)
    if clock.packed_bytes * 8 > MOST_BITS_PER_S * seconds:
        raise MediaTooLarge(
            f"{clock.packed_bytes * 8 / seconds / 1e6:.0f} Mbit a second, more than {MOST_BITS_PER_S // 1_000_000}",
            field=field,
            remedy="Compress it more, as H.264 for instance.",
        )


def _tick_s(stream: VideoStream, *, counted: bool) -> Fraction:
    if counted:
        return 1 / (stream.average_rate or stream.base_rate or _DEFAULT_RATE)
    return stream.time_base or Fraction(1, 1000)


def _nominal_rate(stream: VideoStream) -> Fraction:
    """The rate the file names where that is believable, else its average; at least 10 frames a second, at most 60."""
    average = stream.average_rate or Fraction(0)
    if average < _LEAST_RATE:
        return _DEFAULT_RATE
    for rate in (stream.base_rate, average):
        if rate and _LEAST_RATE <= rate <= _MAX_RATE:
            return rate
    return _MAX_RATE


def _runs(numbers: NDArray[np.int64], chunk: int) -> Iterator[NDArray[np.int64]]:
    """Cut into pieces that ascend, or descend for at most a chunk."""
    start = 0
    while start < len(numbers):
        end = start + 1
        descends = end < len(numbers) and numbers[end] < numbers[start]
        limit = start + chunk if descends else len(numbers)
        while end < min(limit, len(numbers)) and (
            numbers[end] <= numbers[end - 1] if descends else numbers[end] >= numbers[end - 1]
        ):
            end += 1
        yield numbers[start:end]
        start = end
