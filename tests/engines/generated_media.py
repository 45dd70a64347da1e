"""Small media files made on the spot, and a plain way of reading files back."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

#: The display matrix of a turn, in degrees clockwise: ISO 14496-12 `matrix`, its first five places.
_TURNS = {0: (1, 0, 0, 0, 1), 90: (0, 1, 0, -1, 0), 180: (-1, 0, 0, 0, -1), 270: (0, -1, 0, 1, 0)}


def pictures(count: int, width: int = 96, height: int = 64) -> list[Picture]:
    """Pictures that all differ: a bar that wanders over a gradient whose brightness follows the number."""
    y, x = np.mgrid[:height, :width]
    made = []
    for number in range(count):
        red = (x * 255 // width + number * 7) % 256
        green = np.where((x + number * 5) % width < 12, 230, y * 200 // height)
        made.append(np.stack([red, green, np.full_like(red, number * 11 % 256)], axis=-1).astype(np.uint8))
    return made


def write_video(
    path: Path,
    frames: Sequence[Picture],
    fps: Fraction | int = 25,
    *,
    codec: str = "libx264",
    times_ms: Sequence[int] = (),
    gop: int = 12,
    with_sound: bool = False,
) -> Path:
    """Write a video; its container follows from the name, `times_ms` says when frames are shown if not evenly."""
    rate = Fraction(fps)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.gop_size = gop
        stream.codec_context.max_b_frames = 2
        stream.codec_context.time_base = Fraction(1, 1000) if times_ms else 1 / rate
        sound = container.add_stream("aac", rate=16000, layout="mono") if with_sound else None
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv420p")
            picture.time_base = stream.codec_context.time_base
            picture.pts = times_ms[number] if times_ms else number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
        if sound is not None:
            container.mux(sound.encode(_tone(float(len(frames) / rate), 16000, 1)))
            container.mux(sound.encode(None))
    return path


def turn(path: Path, degrees_clockwise: int) -> Path:
    """Give an MP4 a display matrix, as phones do, so that players show it turned."""
    data = bytearray(path.read_bytes())
    a, b, _, c, d = _TURNS[degrees_clockwise]
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def write_sound(
    path: Path,
    seconds: float = 0.6,
    *,
    codec: str = "pcm_s16le",
    rate: int = 16000,
    channels: int = 1,
    silent_s: float = 0.0,
) -> Path:
    """Write a tone, silent at first for `silent_s`; its container follows from the name."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono" if channels == 1 else "stereo")
        assert isinstance(stream, AudioStream)
        resampler = av.AudioResampler(format=stream.format.name, layout=stream.layout, rate=rate)
        for frame in resampler.resample(_tone(seconds, rate, channels, silent_s)):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def drop_sound(path: Path, out: Path, from_s: float, to_s: float, late_s: float = 0.0) -> Path:
    """Copy a sound file without the packets between two times, and with all that come after later by `late_s`."""
    with av.open(str(path)) as given, av.open(str(out), "w") as container:
        source = given.streams.audio[0]
        stream = container.add_stream_from_template(source)
        for packet in given.demux(source):
            if packet.pts is None or from_s <= float(packet.pts * packet.time_base) < to_s:
                continue
            if packet.pts * packet.time_base >= to_s:
                packet.pts += round(late_s / packet.time_base)
                packet.dts = packet.pts
            packet.stream = stream
            container.mux(packet)
    return out


def write_midway_change(path: Path, *, codec: str, rates: tuple[int, int], layouts: tuple[str, str]) -> Path:
    """Write two sounds of MPEG audio joined end to end, 0.5 s each, whose rates or channels differ."""
    pieces = []
    for rate, layout in zip(rates, layouts, strict=True):
        piece = path.with_name(f"piece-{rate}-{layout}.{'mp2' if codec == 'mp2' else 'mp3'}")
        write_sound(piece, 0.5, codec=codec, rate=rate, channels=1 if layout == "mono" else 2)
        pieces.append(piece.read_bytes())
    path.write_bytes(b"".join(pieces))
    return path


def _tone(seconds: float, rate: int, channels: int, silent_s: float = 0.0) -> av.AudioFrame:
    samples = 0.4 * np.sin(2 * np.pi * 300 * np.arange(round(seconds * rate)) / rate)
    samples[: round(silent_s * rate)] = 0
    layout = "mono" if channels == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(np.tile(samples.astype(np.float32), (channels, 1)), "fltp", layout)
    frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    return frame


def read_video(path: Path) -> list[Picture]:
    """All pictures of a file in order, as a plain decoder gives them."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)]


def read_sound(path: Path) -> NDArray[np.float32]:
    """The first channel of a file's sound."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp")
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(parts).astype(np.float32)


def likeness(one: Picture, other: Picture) -> float:
    """Mean difference of two pictures in levels of 255."""
    return float(np.abs(one.astype(np.int16) - other).mean())
