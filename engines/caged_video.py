"""Decodes one video for another process: what `engines.keeper` forks a process for, as `engines.video_apart` asks.

It reads orders, a JSON line each, and bytes that each give a place in the shared memory back. It writes a line about
the video and the ticks of its frames, and then a byte for each thing that happens.
"""

import json
import mmap
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from contracts.errors import UnreadableMedia
from engines.base import Frame
from engines.caged import told_of
from engines.clock import Clock
from engines.confinement import confine
from engines.media import VideoSource

#: What happens: a frame lies in the next place; the one before is shown again; nothing yet; there are no more; a fault,
#: a JSON line.
FRAME, SAME, BEAT, END, FAULT = b"f", b"s", b".", b"e", b"x"
#: What comes back: a place that is free again.
FREE = b"n"
#: Frames that lie in the shared memory.
PLACES = 3
#: The shared memory's number among the open files, behind the standard streams.
MEMORY = 3
#: How ticks of frames are passed on, and what goes with them in the lines: the other fields of a `Clock`.
TICK = np.dtype("<i8")
CLOCK = ("last_ticks", "counted", "packed_bytes")
_BEAT_S = 0.2


def serve_video(question: dict[str, Any]) -> None:
    """Serve until nobody asks any more."""
    confine(question["cpu_s"], question["memory_bytes"])
    with suppress(BrokenPipeError):
        _serve(Path(question["path"]), question["field"], _known_clock(question))


def _known_clock(question: dict[str, Any]) -> Clock | None:
    """The video's clock, where who asks has it from another process: its ticks lie in the shared memory."""
    if "frames" not in question:
        return None
    ticks = np.frombuffer(os.pread(MEMORY, question["frames"] * TICK.itemsize, 0), TICK)
    return Clock(ticks=ticks, **{name: question[name] for name in CLOCK})


def _serve(path: Path, field: str, clock: Clock | None) -> None:
    beat = _Beat()
    try:
        video = VideoSource(path, field, beat, clock)
    except Exception as error:
        _tell_fault(error)
        return
    head = {"size": video.size, "fps": str(video.fps), "duration_s": video.duration_s, "tick_s": video.tick_s}
    known = {"frames": len(video)} | {name: getattr(video.clock, name) for name in CLOCK}
    _write(END + json.dumps(head | known).encode() + b"\n" + video.clock.ticks.astype(TICK).tobytes())
    while line := sys.stdin.buffer.readline():
        try:
            _show(video, json.loads(line), beat)
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


def _show(video: VideoSource, order: dict[str, list[int]], beat: _Beat) -> None:
    width, height = order["size"]
    shared = mmap.mmap(MEMORY, PLACES * width * height * 3)
    places = _Places(np.frombuffer(shared, np.uint8).reshape(PLACES, height, width, 3))
    shown = None
    for frame in video.frames_at(order["numbers"], (width, height), beat, places.next):
        _write(SAME if frame is shown else FRAME)
        shown = frame
    places.wait_for_all()
    _write(END)


class _Places:
    """Where frames lie in the shared memory, each until it is given back."""

    def __init__(self, places: NDArray[np.uint8]) -> None:
        self._places = places
        self._taken = 0
        self._free = len(places)

    def next(self) -> Frame:
        """Wait for a place."""
        if not self._free:
            self._wait()
        place: Frame = self._places[self._taken % len(self._places)]
        self._taken += 1
        self._free -= 1
        return place

    def wait_for_all(self) -> None:
        while self._free < len(self._places):
            self._wait()

    def _wait(self) -> None:
        if sys.stdin.buffer.read(1) != FREE:
            os._exit(0)
        self._free += 1


def _tell_fault(error: Exception) -> None:
    if isinstance(error, (av.FFmpegError, ValueError)) and not isinstance(error, MemoryError):
        error = UnreadableMedia("the video cannot be decoded")
    _write(FAULT + json.dumps(told_of(error)).encode() + b"\n")


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]
