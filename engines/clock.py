"""When each frame of a video is shown, as its file tells it; gathered once, as that takes reading all of the file."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Seconds before the wanted frame to seek to, each tried when the one before it landed too late.
_SEEK_BACK_S = (0, 1, 5)
#: Videos whose clocks a process keeps: of the largest that is accepted one takes 4 MB.
_KEPT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """When each frame is shown: ascending ticks, how long the last one stays, and how many bytes all are packed into.

    AVI stores no presentation times, and those that FFmpeg guesses are wrong where frames are reordered. Its frames
    are `counted` as they leave the decoder, and can be reached from the file's start only.
    """

    ticks: NDArray[np.int64]
    last_ticks: int
    counted: bool
    packed_bytes: int

    def seek_targets(self, wanted: int, ticks_per_s: int) -> list[int]:
        """Ticks to seek to for one wanted, each tried when the one before it landed too late."""
        start = int(self.ticks[0])
        if self.counted:
            return [start]
        return [max(wanted - back_s * ticks_per_s, start) for back_s in _SEEK_BACK_S] + [start]


class KnownClocks:
    """Clocks of the videos that this process read last: each segment of a long one would read all of it again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clocks: OrderedDict[tuple[str, int, int, int], Clock] = OrderedDict()

    def find(self, path: Path) -> Clock | None:
        """The clock of a file, if it is known and the file has not changed since."""
        with self._lock:
            key = _key(path)
            if key in self._clocks:
                self._clocks.move_to_end(key)
            return self._clocks.get(key)

    def keep(self, path: Path, clock: Clock) -> None:
        """Remember a file's clock, in the place of the one that was not asked for the longest."""
        with self._lock:
            self._clocks[_key(path)] = clock
            if len(self._clocks) > _KEPT:
                self._clocks.popitem(last=False)


def _key(path: Path) -> tuple[str, int, int, int]:
    found = path.stat()
    return (str(path.absolute()), found.st_ino, found.st_size, found.st_mtime_ns)
