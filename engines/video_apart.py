"""A video as numbered frames that another process decodes: a crash in its decoder ends that process alone.

The frames come through shared memory, a few at a time, and are the same as those of `engines.media.VideoSource`.
"""

import itertools
import json
import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import Frame, Waiting
from engines.cage import Bounds, crashed, ended, fault_told, too_slow
from engines.caged_video import BEAT, CLOCK, END, FAULT, FRAME, FREE, PLACES, SAME, TICK
from engines.clock import Clock, KnownClocks
from engines.keeper import Task
from engines.reader import Question, Reader, has_news

#: Ten minutes of 4K at 60 frames a second have been decoded long before.
_BOUNDS = Bounds(cpu_s=3600, wall_s=60.0)
_CLOCKS = KnownClocks()


class VideoApart:
    """A video file as numbered frames, decoded apart.

    Args:
        path: a local file of an accepted container.
        field: the request's field it came in, for error messages.
        waiting: called while it is waited for.
        bounds: what the other process may take; `wall_s` is how long it may be silent.

    Attributes:
        fps, times_s, duration_s, size: as those of `VideoSource`.

    Raises:
        UnreadableMedia: as `VideoSource`, and when the decoder crashes or hangs.
        MediaTooLarge: as `VideoSource`, and when the decoder takes too much memory.
        Unavailable: when the other process was stopped by others.
    """

    def __init__(self, path: Path, field: str = "", waiting: Waiting = lambda: None, bounds: Bounds = _BOUNDS) -> None:
        self._path, self._field, self._waiting, self._bounds = path, field, waiting, bounds
        self._decoder: _Decoder | None = None
        head = self._started(waiting).head
        self.fps = Fraction(head["fps"])
        self.duration_s = float(head["duration_s"])
        self.size: tuple[int, int] = (int(head["size"][0]), int(head["size"][1]))
        ticks: NDArray[np.int64] = head["ticks"]
        self.times_s: NDArray[np.float64] = (ticks - ticks[0]) * float(head["tick_s"])
        _CLOCKS.keep(path, Clock(ticks=ticks, **{name: head[name] for name in CLOCK}))

    def __len__(self) -> int:
        return len(self.times_s)

    def frames_at(
        self, numbers: Sequence[int] | NDArray[np.int32], size: tuple[int, int], waiting: Waiting | None = None
    ) -> Iterator[Frame]:
        """Yield the frame of each number in turn.

        Args:
            numbers: frame numbers in any order; long ascending and descending runs are fast.
            size: width and height of the frames yielded.
            waiting: called while frames are waited for, instead of the video's own.
        """
        decoder, self._decoder = self._started(waiting or self._waiting), None
        yield from decoder.frames([int(number) for number in numbers], size, waiting or self._waiting)
        # One that was left in the midst of its work is not taken up again, and ends with its pipes.
        self._decoder = decoder

    def _started(self, waiting: Waiting) -> "_Decoder":
        if self._decoder is None:
            self._decoder = _Decoder(self._path, self._field, self._bounds, waiting)
        return self._decoder


class _Decoder:
    """The other process."""

    def __init__(self, path: Path, field: str, bounds: Bounds, waiting: Waiting) -> None:
        self._field, self._silence_s = field, bounds.wall_s
        self._memory = _shared_memory()
        clock = _CLOCKS.find(path)
        question: Question = {
            "path": str(path.absolute()),
            "field": field,
            "cpu_s": bounds.cpu_s,
            "memory_bytes": bounds.memory_bytes,
        }
        try:
            if clock:
                question |= self._lent(clock)
            self._reader = Reader(Task.VIDEO, question, [self._memory], waiting)
        except BaseException:
            os.close(self._memory)
            raise
        weakref.finalize(self, _end, self._reader, self._memory)
        self._said = bytearray()
        self.head = self._read_head(waiting)

    def _lent(self, clock: Clock) -> Question:
        """Put a clock where the other process finds it, and say what it is not to read the file for again."""
        _write_all(self._memory, clock.ticks.astype(TICK).tobytes())
        return {"frames": len(clock.ticks)} | {name: getattr(clock, name) for name in CLOCK}

    def _read_head(self, waiting: Waiting) -> dict[str, Any]:
        while (event := self._event(waiting)) != END:
            if event == FAULT:
                raise fault_told(self._line(waiting), self._field)
        head = self._line(waiting)
        ticks = self._bytes(int(head["frames"]) * TICK.itemsize, waiting)
        return head | {"ticks": np.frombuffer(ticks, TICK).astype(np.int64)}

    def frames(self, numbers: list[int], size: tuple[int, int], waiting: Waiting) -> Iterator[Frame]:
        width, height = size
        os.ftruncate(self._memory, PLACES * width * height * 3)
        self._send(json.dumps({"numbers": numbers, "size": size}).encode() + b"\n")
        places = itertools.cycle(range(PLACES))
        for _ in numbers:
            while (event := self._event(waiting)) not in (FRAME, SAME):
                self._check(event, waiting)
            if event == FRAME:
                frame = self._taken(next(places), size)
            yield frame
        while (event := self._event(waiting)) != END:
            self._check(event, waiting)

    def _taken(self, place: int, size: tuple[int, int]) -> Frame:
        frame = np.empty((size[1], size[0], 3), np.uint8)
        # Read, and not mapped: the other side could take mapped memory away.
        if os.preadv(self._memory, [frame.data], place * frame.nbytes) != frame.nbytes:
            raise crashed(self._field)
        self._send(FREE)
        return frame

    def _check(self, event: bytes, waiting: Waiting) -> None:
        if event == FAULT:
            raise fault_told(self._line(waiting), self._field)
        if event != BEAT:
            raise crashed(self._field)

    def _send(self, data: bytes) -> None:
        with suppress(BrokenPipeError):  # It has ended; what it last said tells why.
            _write_all(self._reader.orders, data)

    def _event(self, waiting: Waiting) -> bytes:
        return self._bytes(1, waiting)

    def _line(self, waiting: Waiting) -> dict[str, Any]:
        while b"\n" not in self._said:
            self._hear(waiting)
        line, _, rest = bytes(self._said).partition(b"\n")
        self._said[:] = rest
        told: dict[str, Any] = json.loads(line)
        return told

    def _bytes(self, count: int, waiting: Waiting) -> bytes:
        while len(self._said) < count:
            self._hear(waiting)
        found = bytes(self._said[:count])
        del self._said[:count]
        return found

    def _hear(self, waiting: Waiting) -> None:
        if not has_news(self._reader.answers, waiting, self._silence_s):
            raise too_slow(self._field)
        heard = os.read(self._reader.answers, 1 << 16)
        if not heard:
            raise ended(self._reader.status(), self._field)
        self._said += heard


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _shared_memory() -> int:
    """An empty file that no folder has, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("frames")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _end(reader: Reader, memory: int) -> None:
    reader.end()
    os.close(memory)
