"""Encoding of one piece of the output: a closed group of pictures that joins its neighbours without re-encoding."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

from engines.base import Frame
from engines.pixels import SWSCALE

#: Bytes must not depend on the machine: x264's decisions follow its thread counts, so these are fixed, not left to
#: the number of cores. With two threads they follow their timing too: one encode in ten came out different.
#: Left to itself x264 also picks arithmetic by the processor, and one choice, its macroblock tree with AVX-512, reads
#: memory that nothing wrote. An open group of pictures would reach over the join.
_X264 = {
    "preset": "veryfast",
    "crf": "18",
    "x264-params": "threads=1:lookahead-threads=1:sliced-threads=0:cpu-independent=1"
    ":open-gop=0:force-cfr=1:stitchable=1",
}
_BITEXACT = {"fflags": "+bitexact"}
_KEYFRAME_S = 2
_BT709 = 1


def encode_segment(frames: Iterable[Frame], fps: Fraction, size: tuple[int, int], out: Path) -> int:
    """Encode frames as H.264 4:2:0 in BT.709; the same frames give the same bytes.

    Args:
        frames: uint8 RGB (H, W, 3), each of `size`.
        fps: frames per second.
        size: width and height, both even.
        out: the file to write.

    Returns:
        How many frames were written.
    """
    count = 0
    with av.open(str(out), "w", format="mp4", options=_BITEXACT) as container:
        stream = _video_stream(container, fps, size)
        reformatter = VideoReformatter()
        for count, frame in enumerate(frames, start=1):
            container.mux(stream.encode(_picture(frame, count - 1, fps, reformatter)))
        container.mux(stream.encode(None))
    return count


def _video_stream(container: OutputContainer, fps: Fraction, size: tuple[int, int]) -> VideoStream:
    stream = container.add_stream("libx264", rate=fps, options=_X264)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.gop_size = round(fps * _KEYFRAME_S)
    stream.time_base = 1 / fps
    stream.codec_context.time_base = 1 / fps
    stream.color_primaries = stream.color_trc = stream.colorspace = _BT709
    stream.color_range = ColorRange.MPEG
    return stream


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
