"""Encoding of one piece of the output: a closed group of pictures that joins its neighbours without re-encoding."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

from contracts.errors import Unavailable
from contracts.settings import SOFTWARE_ENCODER
from engines.base import Frame
from engines.encoders import OPTIONS
from engines.pixels import SWSCALE

_BITEXACT = {"fflags": "+bitexact"}
_KEYFRAME_S = 2
_BT709 = 1


def encode_segment(
    frames: Iterable[Frame], fps: Fraction, size: tuple[int, int], out: Path, encoder: str = SOFTWARE_ENCODER
) -> int:
    """Encode frames as H.264 4:2:0 in BT.709; the same frames give the same bytes.

    Args:
        frames: uint8 RGB (H, W, 3), each of `size`.
        fps: frames per second.
        size: width and height, both even.
        out: the file to write.
        encoder: one of `engines.encoders.OPTIONS`; segments of one output need the same.

    Returns:
        How many frames were written.

    Raises:
        Unavailable: when the encoder does not work here.
    """
    count = 0
    with av.open(str(out), "w", format="mp4", options=_BITEXACT) as container:
        stream = _video_stream(container, fps, size, encoder)
        reformatter = VideoReformatter()
        for count, frame in enumerate(frames, start=1):
            container.mux(stream.encode(_picture(frame, count - 1, fps, reformatter)))
        container.mux(stream.encode(None))
    return count


def _video_stream(container: OutputContainer, fps: Fraction, size: tuple[int, int], encoder: str) -> VideoStream:
    try:
        stream = cast(VideoStream, container.add_stream(encoder, rate=fps, options=dict(OPTIONS[encoder])))
    except (KeyError, av.error.FFmpegError) as fault:
        raise _missing(encoder) from fault
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.gop_size = round(fps * _KEYFRAME_S)
    stream.time_base = 1 / fps
    stream.codec_context.time_base = 1 / fps
    stream.color_primaries = stream.color_trc = stream.colorspace = _BT709
    stream.color_range = ColorRange.MPEG
    try:
        stream.codec_context.open()
    except (av.error.FFmpegError, OSError) as fault:
        raise _missing(encoder) from fault
    return stream


def _missing(encoder: str) -> Unavailable:
    return Unavailable(
        f"this worker cannot encode with {encoder}, with which the job was begun",
        remedy="Set MOUTHPIECE_VIDEO_ENCODER on all workers to an encoder that all of them have.",
    )


def _picture(frame: Frame, number: int, fps: Fraction, reformatter: VideoReformatter) -> av.VideoFrame:
    picture = reformatter.reformat(
        av.VideoFrame.from_ndarray(frame, format="rgb24"),
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        interpolation=SWSCALE,
        threads=1,
    )
    picture.pts = number
    picture.time_base = 1 / fps
    return picture
