"""Decodes one video for another process: the process that `engines.video_apart` starts for each video.

It reads orders, a JSON line each, and bytes that each give a place in the shared memory back. It writes a line about
the video and the times of its frames, and then a byte for each thing that happens.

usage: python -m engines.caged_video QUESTION (ends with its standard input)
"""

import json
import mmap
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import av
import numpy as np

from contracts.errors import ErrorCode, InputError
from engines.confinement import confine
from engines.media import VideoSource

#: What happens: a frame lies in its place; nothing yet; there are no more; a fault, a JSON line.
FRAME, BEAT, END, FAULT = b"f", b".", b"e", b"x"
#: What comes back: a place that is free again.
FREE = b"n"
#: Frames that lie in the shared memory.
PLACES = 3
_BEAT_S = 0.2


def main() -> None:
    """Serve until nobody asks any more."""
    question = json.loads(sys.argv[1])
    confine(question["cpu_s"], question["memory_bytes"])
    with suppress(BrokenPipeError):
        _serve(Path(question["path"]), question["field"], question["memory"])
    # Nothing is left to put away, and what a damaged file left behind may crash on the way out.
    os._exit(0)


def _serve(path: Path, field: str, memory: int) -> None:
    beat = _Beat()
    try:
        video = VideoSource(path, field, beat)
    except Exception as error:
        _tell_fault(error)
        return
    head = {"frames": len(video), "size": video.size, "fps": str(video.fps), "duration_s": video.duration_s}
    _write(END + json.dumps(head).encode() + b"\n" + video.times_s.astype("<f8").tobytes())
    while line := sys.stdin.buffer.readline():
        try:
            _show(video, json.loads(line), memory, beat)
        except BrokenPipeError:
            raise
        except Exception as error:
            _tell_fault(error)


class _Beat:
    """Tells now and then that work goes on."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._told > _BEAT_S:
            self._told = time.monotonic()
            _write(BEAT)


def _show(video: VideoSource, order: dict[str, list[int]], memory: int, beat: _Beat) -> None:
    width, height = order["size"]
    frame_bytes = width * height * 3
    with mmap.mmap(memory, PLACES * frame_bytes) as shared:
        places = np.frombuffer(shared, np.uint8).reshape(PLACES, height, width, 3)
        for number, frame in enumerate(video.frames_at(order["numbers"], (width, height), beat)):
            if number >= PLACES and sys.stdin.buffer.read(1) != FREE:
                os._exit(0)
            places[number % PLACES] = frame
            _write(FRAME)
        del places
    for _ in range(min(PLACES, len(order["numbers"]))):
        if sys.stdin.buffer.read(1) != FREE:
            os._exit(0)
    _write(END)


def _tell_fault(error: Exception) -> None:
    if isinstance(error, InputError):
        told = {"code": error.code, "message": error.message, "remedy": error.remedy}
    elif isinstance(error, MemoryError):
        told = {"memory": "1"}
    elif isinstance(error, (av.FFmpegError, ValueError)):
        told = {"code": ErrorCode.UNREADABLE_MEDIA, "message": "the video cannot be decoded", "remedy": ""}
    else:
        raise error
    _write(FAULT + json.dumps(told).encode() + b"\n")


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    main()
