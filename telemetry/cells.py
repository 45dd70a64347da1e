"""A file of numbers that one process writes and others read meanwhile, and that outlives its writer.

8 bytes: how many of the file's 8-byte words are in use. Then cells, each aligned to 8 bytes: two 32-bit lengths (bytes
of its key, count of its numbers), the key in UTF-8 padded to 8 bytes, the numbers as doubles. Host byte order: nobody
else reads it. All of its room is taken from the disk when it is made, since a write to mapped memory that finds a full
disk kills its process.
"""

import fcntl
import mmap
import os
import struct
import uuid
from pathlib import Path

#: Room of one process, for some 3000 series.
SIZE_BYTES = 512 * 1024
SUFFIX = ".cells"

_WORD = 8
_LENGTHS = struct.Struct("=II")

Values = tuple[float, ...]


class Cells:
    """The file of this process, held with a lock for as long as the process lives.

    Args:
        folder: where it is made, under a name of its own.

    Raises:
        OSError: when there is no room, or the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / f"{uuid.uuid4().hex}{SUFFIX}"
        # Found by others only once it is locked: who finds it unlocked takes its process for dead.
        aside = path.with_suffix(".new")
        self._descriptor = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            os.posix_fallocate(self._descriptor, 0, SIZE_BYTES)
            os.rename(aside, path)
        except OSError:
            aside.unlink(missing_ok=True)
            os.close(self._descriptor)
            raise
        self._map = mmap.mmap(self._descriptor, SIZE_BYTES)
        self._words = memoryview(self._map).cast("Q")
        self._numbers = memoryview(self._map).cast("d")
        self._words[0] = 1
        self._places: dict[str, int] = {}

    def place(self, key: str, count: int) -> int | None:
        """Find where a key's numbers begin, in words; they are made, all 0, the first time. None: the file is full."""
        if key in self._places:
            return self._places[key]
        text = key.encode()
        used, key_words = self._words[0], -(-len(text) // _WORD)
        begin = used + 1 + key_words
        if (begin + count) * _WORD > SIZE_BYTES:
            return None
        self._map[used * _WORD : (used + 1) * _WORD] = _LENGTHS.pack(len(text), count)
        self._map[(used + 1) * _WORD : begin * _WORD] = text.ljust(key_words * _WORD, b" ")
        # Last, as readers go by it: they see a cell whole or not at all.
        self._words[0] = begin + count
        self._places[key] = begin
        return begin

    def add(self, place: int, amount: float) -> None:
        """Add to one number."""
        self._numbers[place] += amount

    def set(self, place: int, value: float) -> None:
        """Replace one number."""
        self._numbers[place] = value

    def close(self) -> None:
        """Let others count this process among the dead."""
        self._words.release()
        self._numbers.release()
        self._map.close()
        os.close(self._descriptor)


def is_held(path: Path) -> bool:
    """Whether the process that writes a file still lives."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def read(path: Path) -> dict[str, Values]:
    """Read every cell, by its key.

    Raises:
        FileNotFoundError: when it is gone.
    """
    data = path.read_bytes()
    if len(data) < _WORD:
        return {}
    used, found, at = min(struct.unpack_from("=Q", data)[0] * _WORD, len(data)), {}, _WORD
    while at < used:
        length, count = _LENGTHS.unpack_from(data, at)
        begin = at + _WORD * (1 - (-length // _WORD))
        found[data[at + _WORD : at + _WORD + length].decode()] = struct.unpack_from(f"={count}d", data, begin)
        at = begin + count * _WORD
    return found
